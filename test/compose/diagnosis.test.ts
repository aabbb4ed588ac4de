import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderFailure } from '../../src/cli/failure.ts'
import { type CauseCode, factsOf, type Inspected } from '../../src/compose/diagnosis/cause.ts'
import { whoWaitsFor } from '../../src/compose/diagnosis/waiting.ts'
import { upDefaults } from '../../src/compose/plan/up.ts'
import type { Project } from '../../src/compose/project.ts'
import { bringUp } from '../../src/compose/up.ts'
import type { ContainerState } from '../../src/engine/api.ts'
import { FakeEngine } from './fake-engine.ts'
import { on, probe, project, service } from './projects.ts'

const up = (fake: FakeEngine, it: Project, { wait = false, runDir = '' } = {}) =>
  bringUp(
    {
      engine: fake.engine,
      report: () => {},
      warn: () => {},
      hookOutput: () => {},
      signal: new AbortController().signal,
      parallel: Number.POSITIVE_INFINITY,
    },
    it,
    { ...upDefaults, wait, runDir: `diagnosis ${process.pid} ${runDir}` },
  )

/** What the user reads. */
const failureText = async (done: Promise<unknown>, json = false): Promise<string> =>
  done.then(
    () => assert.fail('it did not fail'),
    error => renderFailure(error, { json }),
  )

const stack = project([
  service('db', { healthcheck: probe }),
  service('api', { dependsOn: { db: on('service_healthy') } }),
  service('web', { dependsOn: { api: on('service_started') } }),
])

test('an unhealthy service is told with its last probe, its last lines, and who waited for it', async () => {
  const fake = new FakeEngine()
  fake.output.set('demo-db-1', 'starting\nFATAL: no space left\n')
  fake.behaviours.set('db', ({ health }) => health('unhealthy', '/tmp:5432 - no response\n'))
  assert.equal(
    await failureText(up(fake, stack, { runDir: 'unhealthy' })),
    `dependency failed to start: container demo-db-1 is unhealthy [COMPOSE_SERVICE_UNHEALTHY]
  why:     the probe failed with exit code 1: true
  probe:   /tmp:5432 - no response
  output:  starting
           FATAL: no space left
  waiting: api (service_healthy), web (through api)
`,
  )
})

test('--progress json carries the same, with a stable code', async () => {
  const fake = new FakeEngine()
  fake.output.set('demo-db-1', 'bye\n')
  fake.behaviours.set('db', ({ exit }) => exit(3))
  assert.deepEqual(JSON.parse(await failureText(up(fake, stack, { runDir: 'json' }), true)), {
    error: true,
    code: 'COMPOSE_SERVICE_EXITED',
    message: 'dependency failed to start: container demo-db-1 exited (3)',
    service: 'db',
    container: 'demo-db-1',
    why: 'it ended with exit code 3',
    output: 'bye',
    waiting: ['api (service_healthy)', 'web (through api)'],
  })
})

test('a crash loop fails at once, but not while something it may need is still starting', async () => {
  const fake = new FakeEngine()
  const both = project([
    service('app', { restart: 'always', healthcheck: probe }),
    service('slow', { healthcheck: probe }),
  ])
  let ended = false
  const text = failureText(up(fake, both, { wait: true, runDir: 'loop' })).finally(() => {
    ended = true
  })
  while (!fake.calls.includes('start demo-app-1') || !fake.calls.includes('start demo-slow-1'))
    await new Promise(resolve => setImmediate(resolve))
  fake.control('demo-app-1').crash(2, 3)
  for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
  assert.equal(ended, false)
  fake.control('demo-slow-1').health('healthy')
  assert.match(
    await text,
    /^container demo-app-1 keeps exiting \(2\) \[COMPOSE_SERVICE_CRASH_LOOP\]\n {2}why: {5}it ended 3 /,
  )
})

test('every service that failed is told, also those nobody was looking at any more', async () => {
  const fake = new FakeEngine()
  for (const name of ['a', 'b']) fake.behaviours.set(name, ({ health }) => health('unhealthy'))
  const many = project([service('a', { healthcheck: probe }), service('b', { healthcheck: probe }), service('c')])
  const text = await failureText(up(fake, many, { wait: true, runDir: 'many' }))
  assert.match(text, /^container demo-a-1 is unhealthy/m)
  assert.match(text, /^container demo-b-1 is unhealthy/m)
  assert.doesNotMatch(text, /demo-c-1/)
})

test('what could not be started names who waited for it', async () => {
  const fake = new FakeEngine()
  fake.fail('start demo-db-1', 'NETWORK_PORT_TAKEN', 'port 80 is taken by nginx (pid 12)')
  assert.equal(
    await failureText(up(fake, stack, { runDir: 'start' })),
    `service "db": port 80 is taken by nginx (pid 12) [NETWORK_PORT_TAKEN]
  waiting: api (service_healthy), web (through api)
`,
  )
})

const inspected = (State: Partial<ContainerState>, more: Partial<Inspected> = {}): Inspected => ({
  State: { StartedAt: '2025-01-01T00:00:00Z', FinishedAt: '2025-01-01T00:00:01.5Z', ...State } as ContainerState,
  RestartCount: 0,
  HostConfig: {},
  Config: { Image: 'i' },
  ...more,
})
const why = (code: CauseCode, it: Inspected) => factsOf(code, it).map(({ lines }) => lines.join('\n'))

test('exit codes are told with what shells mean by them', () => {
  const ended = (ExitCode: number) => why('COMPOSE_SERVICE_EXITED', inspected({ ExitCode }))
  assert.deepEqual(ended(1), ['it ended with exit code 1 after 1.5s'])
  assert.deepEqual(ended(127), ['it ended with exit code 127 (a program was not found) after 1.5s'])
  assert.deepEqual(ended(139), ['it ended with exit code 139 (SIGSEGV) after 1.5s'])
})

test('want of memory is told with the peak and the limit', () => {
  const killed = (MemoryPeak?: number, Memory?: number) =>
    why(
      'COMPOSE_SERVICE_OUT_OF_MEMORY',
      inspected({ ...(MemoryPeak && { MemoryPeak }) }, { HostConfig: { ...(Memory && { Memory }) } }),
    )
  assert.deepEqual(killed(2 ** 26, 2 ** 26), [
    'the kernel killed it for want of memory: it had 64.0MiB of its limit of 64.0MiB',
  ])
  assert.deepEqual(killed(2 ** 26), ['the kernel killed it for want of memory: it had 64.0MiB'])
  assert.deepEqual(killed(undefined, 2 ** 26), ['the kernel killed it for want of memory: its limit of 64.0MiB'])
  assert.deepEqual(killed(), ['the kernel killed it for want of memory'])
})

test('a probe that took too long has timed out', () => {
  const Log = [{ Start: '', End: '', ExitCode: -1, Output: 'Health check exceeded timeout (1s)' }]
  const state = { Health: { Status: 'unhealthy', FailingStreak: 3, Log } } as const
  const Healthcheck = { Test: ['CMD-SHELL', 'curl localhost'] }
  assert.deepEqual(why('COMPOSE_SERVICE_UNHEALTHY', inspected(state, { Config: { Image: 'i', Healthcheck } })), [
    '3 probes in a row failed, the last one timed out: curl localhost',
    'Health check exceeded timeout (1s)',
  ])
})

test('a probe whose program is not there could not be run', () => {
  const Log = [{ Start: '', End: '', ExitCode: -1, Output: 'cannot execute "curl"' }]
  const state = { Health: { Status: 'unhealthy', FailingStreak: 1, Log } } as const
  const Healthcheck = { Test: ['CMD', 'curl', 'localhost'] }
  assert.deepEqual(why('COMPOSE_SERVICE_UNHEALTHY', inspected(state, { Config: { Image: 'i', Healthcheck } })), [
    'the probe could not be run: curl localhost',
    'cannot execute "curl"',
  ])
})

test('who waits is told from near to far; what is not required does not wait', () => {
  const services = [
    service('api', { dependsOn: { db: on('service_healthy') } }),
    service('job', { dependsOn: { db: on('service_started', { required: false }) } }),
    service('web', { dependsOn: { api: on('service_started') } }),
    service('edge', { dependsOn: { web: on('service_started'), api: on('service_started') } }),
  ]
  assert.deepEqual(whoWaitsFor('db', services), ['api (service_healthy)', 'web (through api)', 'edge (through api)'])
})
