import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProgressEvent } from '../../src/compose/apply/report.ts'
import type { Surroundings } from '../../src/compose/operation.ts'
import { upDefaults } from '../../src/compose/plan/up.ts'
import type { Project } from '../../src/compose/project.ts'
import { type BringUpOptions, bringUp } from '../../src/compose/up.ts'
import { FakeEngine } from './fake-engine.ts'
import { on, probe, project, service } from './projects.ts'

function surroundings(fake: FakeEngine, signal: AbortSignal = new AbortController().signal) {
  const events: ProgressEvent[] = []
  const warnings: string[] = []
  const all: Surroundings = {
    engine: fake.engine,
    report: event => void events.push(event),
    warn: message => void warnings.push(message),
    hookOutput: () => {},
    signal,
    parallel: Number.POSITIVE_INFINITY,
  }
  return { all, warnings, words: () => events.map(({ id, text }) => `${id} ${text}`) }
}

let run = 0
const up = (fake: FakeEngine, it: Project, options: Partial<BringUpOptions> = {}, signal?: AbortSignal) => {
  const around = surroundings(fake, signal)
  const done = bringUp(around.all, it, { ...upDefaults, runDir: `test ${process.pid} ${++run}`, ...options })
  return { ...around, done }
}
const until = async (holds: () => boolean) => {
  for (let i = 0; !holds(); i++) {
    assert.ok(i < 2000, 'it never came to that')
    await new Promise(resolve => setImmediate(resolve))
  }
}

const chain = project([
  service('db', { healthcheck: probe }),
  service('migrate', { dependsOn: { db: on('service_healthy') } }),
  service('app', { dependsOn: { migrate: on('service_completed_successfully') } }),
  service('web', { dependsOn: { app: on('service_started') } }),
])

test('a dependent starts when the engine tells that its condition is met, not before', async () => {
  const fake = new FakeEngine()
  const { done, words } = up(fake, chain)
  await until(() => fake.calls.includes('start demo-db-1'))
  assert.ok(!fake.calls.includes('start demo-migrate-1'))
  assert.ok(fake.calls.includes('create demo-web-1'), 'everything is created before')
  fake.control('demo-db-1').health('healthy')
  await until(() => fake.calls.includes('start demo-migrate-1'))
  assert.ok(!fake.calls.includes('start demo-app-1'))
  fake.control('demo-migrate-1').exit(0)
  await done
  assert.deepEqual(
    fake.calls.filter(call => call.startsWith('start')),
    ['start demo-db-1', 'start demo-migrate-1', 'start demo-app-1', 'start demo-web-1'],
  )
  assert.ok(words().includes('Container demo-db-1 Healthy'))
  assert.ok(words().includes('Container demo-migrate-1 Exited'))
  assert.equal(words().at(-1), 'Container demo-web-1 Started')
})

test('an unhealthy dependency ends up with its name, and what was started goes on', async () => {
  const fake = new FakeEngine()
  fake.behaviours.set('db', ({ health }) => health('unhealthy'))
  await assert.rejects(up(fake, chain).done, {
    code: 'COMPOSE_SERVICE_UNHEALTHY',
    message: 'dependency failed to start: container demo-db-1 is unhealthy',
  })
  assert.deepEqual(fake.names, [
    'demo-app-1 created',
    'demo-db-1 running',
    'demo-migrate-1 created',
    'demo-web-1 created',
  ])
})

test('a job that fails keeps its dependents from starting', async () => {
  const fake = new FakeEngine()
  fake.behaviours.set('db', ({ health }) => health('healthy'))
  fake.behaviours.set('migrate', ({ exit }) => exit(4))
  await assert.rejects(up(fake, chain).done, { message: `service "migrate" didn't complete successfully: exit 4` })
  assert.ok(!fake.calls.includes('start demo-app-1'))
})

test('a dependency that nobody insists on may fail', async () => {
  const fake = new FakeEngine()
  fake.behaviours.set('cache', ({ exit }) => exit(1))
  const it = project([
    service('cache', { healthcheck: probe }),
    service('web', { dependsOn: { cache: on('service_healthy', { required: false }) } }),
  ])
  const { done, warnings } = up(fake, it)
  await done
  assert.ok(fake.calls.includes('start demo-web-1'))
  assert.match(warnings.join(), /optional dependency "cache" failed to start.*exited \(1\)/)
})

test('a dependency without a probe cannot become healthy', async () => {
  const it = project([service('db'), service('web', { dependsOn: { db: on('service_healthy') } })])
  await assert.rejects(up(new FakeEngine(), it).done, /container demo-db-1 has no healthcheck configured/)
})

test('if a container cannot be created, nothing is started', async () => {
  const fake = new FakeEngine()
  fake.fail('create demo-bad-1', 'ENGINE_REQUEST_INVALID', 'bind source path does not exist: /absent')
  await assert.rejects(up(fake, project([service('bad'), service('good')])).done, {
    message: 'service "bad": bind source path does not exist: /absent',
  })
  assert.deepEqual(fake.names, ['demo-good-1 created'])
})

test('an up to date project is left alone', async () => {
  const fake = new FakeEngine()
  await up(fake, project([service('a'), service('b')])).done
  fake.calls.length = 0
  const { done, words } = up(fake, project([service('a'), service('b')]))
  await done
  assert.deepEqual(fake.calls, [])
  assert.deepEqual(words(), ['Container demo-a-1 Running', 'Container demo-b-1 Running'])
})

test('a changed service is replaced under its name, and only then stopped', async () => {
  const fake = new FakeEngine()
  await up(fake, project([service('a')])).done
  fake.calls.length = 0
  const { done, words } = up(fake, project([service('a', { canonical: { command: ['other'] } })]))
  await done
  const temporary = `${'0'.repeat(12)}_demo-a-1`
  assert.deepEqual(fake.calls, [
    `create ${temporary}`,
    'stop demo-a-1',
    'remove demo-a-1',
    `rename ${temporary} demo-a-1`,
    'start demo-a-1',
  ])
  assert.deepEqual(words(), [
    'Container demo-a-1 Recreate',
    'Container demo-a-1 Recreated',
    'Container demo-a-1 Starting',
    'Container demo-a-1 Started',
  ])
})

for (const step of ['create', 'stop', 'remove', 'rename', 'start'])
  test(`an up that was interrupted while it had to ${step} is completed by the next`, async () => {
    const fake = new FakeEngine()
    await up(fake, project([service('a')])).done
    const changed = project([service('a', { canonical: { command: ['other'] } })])
    const temporary = `${'0'.repeat(12)}_demo-a-1`
    const call = { create: `create ${temporary}`, rename: `rename ${temporary} demo-a-1` }[step] ?? `${step} demo-a-1`
    const release = fake.hold(call)
    const interrupt = new AbortController()
    const { done } = up(fake, changed, {}, interrupt.signal)
    fake.calls.length = 0
    await until(() => fake.calls.includes(call))
    interrupt.abort(new Error('Ctrl-C'))
    release()
    // Where the last step had begun, there was nothing left to interrupt.
    await done.catch(error => assert.match(error.message, /Ctrl-C/))
    await up(fake, changed).done
    assert.deepEqual(fake.names, ['demo-a-1 running'])
    fake.calls.length = 0
    await up(fake, changed).done
    assert.deepEqual(fake.calls, [], 'and then there is nothing left to do')
  })

test('--wait ends with the first container that cannot be waited for', async () => {
  const fake = new FakeEngine()
  fake.behaviours.set('dies', ({ exit }) => exit(6))
  const it = project([service('dies'), service('lives')])
  await assert.rejects(up(fake, it, { wait: true }).done, /container demo-dies-1 exited \(6\)/)
})

test('--wait lets a job that others wait for end', async () => {
  const fake = new FakeEngine()
  fake.behaviours.set('job', ({ exit }) => exit(0))
  const it = project([service('job'), service('app', { dependsOn: { job: on('service_completed_successfully') } })])
  await up(fake, it, { wait: true }).done
  assert.deepEqual(fake.names, ['demo-app-1 running', 'demo-job-1 exited'])
})

test('--wait-timeout is told in docker compose’s words', async () => {
  const it = project([service('slow', { healthcheck: probe })])
  await assert.rejects(up(new FakeEngine(), it, { wait: true, waitTimeout: 0.05 }).done, {
    code: 'COMPOSE_WAIT_TIMEOUT',
    message: 'application not healthy after 0.05s',
  })
})

test('two ups of one project take turns', async () => {
  const fake = new FakeEngine()
  const it = project([service('a')])
  const runDir = `test ${process.pid} shared`
  const release = fake.hold('create demo-a-1')
  const first = up(fake, it, { runDir })
  await until(() => fake.calls.includes('create demo-a-1'))
  const second = up(fake, it, { runDir })
  await until(() => second.warnings.length > 0)
  assert.match(second.warnings.join(), /another command is bringing project "demo" up/)
  release()
  await Promise.all([first.done, second.done])
  assert.deepEqual(
    fake.calls.filter(call => call.startsWith('create')),
    ['create demo-a-1'],
  )
})
