import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderSummary, renderTimings, timingsJson } from '../../src/cli/output/timings.ts'
import { PlanBuilder } from '../../src/compose/plan/builder.ts'
import type { Condition } from '../../src/compose/plan/plan.ts'
import { Stopwatch } from '../../src/compose/timings/timings.ts'

const start = (service: string) =>
  ({ op: 'startContainer', container: { service, name: `demo-${service}-1` } }) as const
const wait = (service: string, condition: Condition) =>
  ({ op: 'waitFor', service, containers: [], condition, optional: false, mayComplete: false }) as const

/** db takes 2 s to become healthy, cache 1 s; api waits for both. */
async function timed() {
  let now = 0
  const stopwatch = new Stopwatch(() => now)
  const at =
    (begin: number, end: number) => async (run: ReturnType<Stopwatch['plan']>, planned: Parameters<typeof run>[0]) => {
      now = begin
      await run(planned, async () => {
        now = end
      })
    }
  const pulls = new PlanBuilder()
  pulls.add({ op: 'pullImage', image: 'pg', services: ['db'], required: true }, 'missing')
  const pulling = stopwatch.plan()
  for (const planned of pulls.build().steps) await at(0, 500)(pulling, planned)
  const plan = new PlanBuilder()
  const db = plan.add(start('db'), '')
  const cache = plan.add(start('cache'), '')
  const ready = [
    plan.add(wait('db', 'service_healthy'), '', [db]),
    plan.add(wait('cache', 'service_healthy'), '', [cache]),
  ]
  plan.add(start('api'), '', ready)
  const run = stopwatch.plan()
  const spans: [number, number][] = [
    [500, 520],
    [500, 540],
    [520, 2520],
    [540, 1540],
    [2520, 2550],
  ]
  for (const [i, planned] of plan.build().steps.entries()) await at(...(spans[i] ?? [0, 0]))(run, planned)
  return stopwatch.read()
}

test('the critical chain leads from the last step back along what was waited for longest', async () =>
  assert.equal(
    renderTimings(await timed()),
    `SERVICE   PULLED    STARTED   HEALTHY
api                 0.03s
cache               0.04s     1.00s
db        0.50s     0.02s     2.00s
Critical chain: db pulled 0.50s -> db started 0.02s -> db healthy 2.00s -> api started 0.03s
Total: 2.55s
`,
  ))

test('services that are built side by side have times of their own; the last one is in the chain', async () => {
  let clock = 0
  const stopwatch = new Stopwatch(() => clock)
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  const builds = [stopwatch.built('web', () => first.promise), stopwatch.built('api', () => second.promise)]
  clock = 100
  first.resolve()
  await builds[0]
  clock = 250
  second.resolve()
  await builds[1]
  const { services, chain } = stopwatch.read()
  assert.deepEqual(services, { web: { built: 100 }, api: { built: 250 } })
  assert.deepEqual(chain, [{ service: 'api', stage: 'built', ms: 250 }])
})

test('the summary names what took longest', async () =>
  assert.equal(renderSummary(await timed()), '3 services in 2.55s; longest: db healthy in 2.00s\n'))

test('as JSON times are milliseconds', async () => {
  const { timings } = JSON.parse(timingsJson(await timed()))
  assert.deepEqual(timings.services.db, { pulled: 500, started: 20, healthy: 2000 })
  assert.deepEqual(timings.chain.at(-1), { service: 'api', stage: 'started', ms: 30 })
})

test('nothing to do has no chain', () => {
  assert.match(renderTimings(new Stopwatch().read()), /^Critical chain: nothing was to be done\nTotal: 0\.\d\ds\n$/)
})
