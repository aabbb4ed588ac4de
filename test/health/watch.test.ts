import assert from 'node:assert/strict'
import { mock, type TestContext, test } from 'node:test'
import type { Health, ProbeSpec } from '../../src/health/health.ts'
import { watchHealth } from '../../src/health/watch.ts'

const spec: ProbeSpec = {
  args: ['/bin/true'],
  intervalMs: 30_000,
  timeoutMs: 5_000,
  startPeriodMs: 0,
  startIntervalMs: 5_000,
  retries: 3,
}

/** Watches a container whose probe answers by the clock, for `forMs` of mocked time. */
async function watch(
  t: TestContext,
  over: Partial<ProbeSpec>,
  exitCodeAt: (ms: number) => number,
  forMs: number,
  servesFrom = 0,
) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 })
  t.after(() => mock.timers.reset())
  const seen: { at: number; health: Health }[] = []
  const end = new AbortController()
  const watching = watchHealth(
    { ...spec, ...over },
    async () => ({ exitCode: exitCodeAt(Date.now()), output: '' }),
    health => seen.push({ at: Date.now(), health }),
    end.signal,
    undefined,
    () => Date.now() >= servesFrom,
    () => Date.now(),
  )
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  for (let ms = 0; ms < forMs; ms += 5) {
    await settle()
    mock.timers.tick(5)
  }
  await settle()
  end.abort()
  await watching
  const becomes = (status: string) => seen.find(({ health }) => health.status === status)?.at
  return { seen, becomes }
}

test('a service that is ready long before its interval is healthy within a tenth of its start-up time', async t => {
  const { becomes } = await watch(t, {}, ms => (ms >= 500 ? 0 : 1), 1000)
  const at = becomes('healthy')
  assert.ok(at !== undefined && at >= 500 && at <= 560, `healthy at ${at}`)
})

test('early failures do not count: unhealthy comes when Docker would have said so', async t => {
  const { becomes, seen } = await watch(t, { intervalMs: 2000 }, () => 1, 7000)
  const at = becomes('unhealthy')
  assert.ok(at !== undefined && at >= 6000 && at < 6100, `unhealthy at ${at}`)
  assert.ok(seen.filter(({ at }) => at < 2000).every(({ health }) => health.failingStreak === 0))
})

test('a success of what does not serve yet is not believed', async t => {
  const temporary = (ms: number) => (ms >= 300 && ms < 800) || ms >= 1200
  const { becomes, seen } = await watch(t, {}, ms => (temporary(ms) ? 0 : 1), 2000, 1200)
  const at = becomes('healthy')
  assert.ok(at !== undefined && at >= 1200 && at <= 1350, `healthy at ${at}`)
  assert.ok(seen.some(({ health }) => health.status === 'starting' && health.log.at(-1)?.exitCode === 0))
})

test('what never serves is doubted for half a minute, or for as long as Docker would not have asked', async t => {
  for (const [intervalMs, expected] of [
    [2000, 30_000],
    [40_000, 40_000],
  ] as const) {
    const { becomes } = await watch(t, { intervalMs }, () => 0, 42_000, Number.POSITIVE_INFINITY)
    const at = becomes('healthy')
    assert.ok(at !== undefined && at >= expected && at <= expected + 1100, `healthy at ${at}`)
    mock.timers.reset()
  }
})

test('failures within the start period never count', async t => {
  const { becomes } = await watch(t, { intervalMs: 1000, startPeriodMs: 4000, startIntervalMs: 500 }, () => 1, 8000)
  const at = becomes('unhealthy')
  assert.ok(at !== undefined && at >= 6000 && at <= 7600, `unhealthy at ${at}`)
})

test('once healthy it is probed at the interval only', async t => {
  const { seen } = await watch(t, { intervalMs: 1000 }, () => 0, 5500)
  const first = seen[0]?.at ?? 0
  assert.deepEqual(
    seen.map(({ at }) => at - first),
    [0, 1000, 2000, 3000, 4000, 5000],
  )
})

test('a healthy service turns unhealthy after its retries and healthy again at the next success', async t => {
  const { seen } = await watch(t, { intervalMs: 1000 }, ms => (ms > 1500 && ms < 5500 ? 1 : 0), 7500)
  assert.deepEqual(
    seen.map(({ health }) => `${health.status} ${health.failingStreak}`),
    ['healthy 0', 'healthy 0', 'healthy 1', 'healthy 2', 'unhealthy 3', 'unhealthy 4', 'healthy 0', 'healthy 0'],
  )
})

test('a probe that runs into its timeout is a failure that says so', async t => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 })
  t.after(() => mock.timers.reset())
  const end = new AbortController()
  const results: Health[] = []
  const watching = watchHealth(
    spec,
    (_args, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('killed')))),
    health => results.push(health),
    end.signal,
  )
  for (const ms of [20, 5000]) {
    mock.timers.tick(ms)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  end.abort()
  await watching
  assert.equal(results[0]?.log[0]?.exitCode, -1)
  assert.match(results[0]?.log[0]?.output ?? '', /exceeded timeout \(5000ms\)/)
})

test('the log keeps the last five results', async t => {
  const { seen } = await watch(t, { intervalMs: 100 }, () => 0, 1000)
  assert.equal(seen.at(-1)?.health.log.length, 5)
})

test('a clock that is set back or forth changes nothing', async t => {
  const clock = Date.now
  t.after(() => {
    Date.now = clock
  })
  const end = new AbortController()
  let probes = 0
  const runProbe = async () => {
    probes++
    Date.now = () => clock() + (probes % 2 ? -1 : 1) * 3_600_000
    if (probes === 6) end.abort()
    return { exitCode: 0, output: '' }
  }
  await watchHealth({ ...spec, intervalMs: 10 }, runProbe, () => {}, end.signal)
  assert.equal(probes, 6)
})
