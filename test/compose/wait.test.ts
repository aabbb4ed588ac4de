import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge } from '../../src/compose/apply/wait.ts'
import type { Inspected } from '../../src/compose/diagnosis/cause.ts'
import { healthOf, lifecycleFromLabels, parseDependsOn, toObserved } from '../../src/compose/observe.ts'
import type { ContainerState, ContainerSummary } from '../../src/engine/api.ts'

const now = Date.parse('2025-01-01T00:00:10Z')
const state = (Status: ContainerState['Status'], more: Partial<ContainerState> = {}) =>
  ({ Status, ExitCode: 0, StartedAt: '2025-01-01T00:00:00Z', ...more }) as ContainerState
const inspected = (State: ContainerState, more: Partial<Inspected> = {}): Inspected => ({
  State,
  RestartCount: 0,
  HostConfig: {},
  Config: { Image: 'i' },
  ...more,
})
const health = (Status: 'starting' | 'healthy' | 'unhealthy') => ({ Health: { Status, FailingStreak: 0, Log: [] } })

for (const [condition, mayComplete, given, expected] of [
  ['service_healthy', false, state('running', health('healthy')), { is: 'met' }],
  ['service_healthy', false, state('running', health('starting')), { is: 'waiting' }],
  ['service_healthy', false, state('created'), { is: 'waiting' }],
  [
    'service_healthy',
    false,
    state('running', health('unhealthy')),
    { is: 'failed', code: 'COMPOSE_SERVICE_UNHEALTHY', why: 'container c is unhealthy' },
  ],
  [
    'service_healthy',
    false,
    state('running'),
    { is: 'failed', code: 'COMPOSE_SERVICE_NO_HEALTHCHECK', why: 'container c has no healthcheck configured' },
  ],
  [
    'service_healthy',
    false,
    state('exited', { ExitCode: 3 }),
    { is: 'failed', code: 'COMPOSE_SERVICE_EXITED', why: 'container c exited (3)' },
  ],
  ['service_healthy', false, state('restarting', health('starting')), { is: 'waiting' }],
  ['service_completed_successfully', false, state('running'), { is: 'waiting' }],
  ['service_completed_successfully', false, state('restarting', { ExitCode: 1 }), { is: 'waiting' }],
  ['service_completed_successfully', false, state('exited'), { is: 'met' }],
  [
    'service_completed_successfully',
    false,
    state('exited', { ExitCode: 4 }),
    { is: 'failed', code: 'COMPOSE_SERVICE_EXITED', why: `service "s" didn't complete successfully: exit 4` },
  ],
  ['running_or_healthy', false, state('running'), { is: 'met' }],
  ['running_or_healthy', false, state('running', health('starting')), { is: 'waiting' }],
  [
    'running_or_healthy',
    false,
    state('exited'),
    { is: 'failed', code: 'COMPOSE_SERVICE_EXITED', why: 'container c exited (0)' },
  ],
  ['running_or_healthy', true, state('exited'), { is: 'met' }],
  [
    'running_or_healthy',
    true,
    state('exited', { ExitCode: 1 }),
    { is: 'failed', code: 'COMPOSE_SERVICE_EXITED', why: 'container c exited (1)' },
  ],
  ['running_or_healthy', false, state('restarting'), { is: 'waiting' }],
] as const)
  test(`${condition}${mayComplete ? ' (may complete)' : ''} of what is ${given.Status} ${given.Health?.Status ?? given.ExitCode}`, () =>
    assert.deepEqual(judge({ condition, service: 's', mayComplete }, 'c', inspected(given), now), expected))

test('a container without a probe has to run for a moment before it counts as running', () => {
  const started = state('running', { StartedAt: '2025-01-01T00:00:09.900Z' })
  const verdict = judge(
    { condition: 'running_or_healthy', service: 's', mayComplete: false },
    'c',
    inspected(started),
    now,
  )
  assert.deepEqual(verdict, { is: 'waiting', forMs: 400 })
})

const crashed = (more: Partial<Inspected>, FinishedAt = '2025-01-01T00:00:01Z') =>
  judge(
    { condition: 'service_healthy', service: 's', mayComplete: false },
    'c',
    inspected(state('restarting', { ...health('unhealthy'), ExitCode: 1, FinishedAt }), { RestartCount: 3, ...more }),
    now,
  )

test('a container that keeps ending is in a crash loop, unless it may try so often', () => {
  assert.deepEqual(crashed({}), {
    is: 'failed',
    code: 'COMPOSE_SERVICE_CRASH_LOOP',
    why: 'container c keeps exiting (1)',
  })
  assert.equal(crashed({ RestartCount: 2 }).is, 'waiting')
  assert.equal(crashed({ HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 5 } } }).is, 'waiting')
  assert.equal(crashed({}, '2025-01-01T00:00:20Z').is, 'waiting', 'it ran for long before it ended')
})

test('health is part of the status text', () => {
  assert.equal(healthOf('Up 2 minutes (healthy)'), 'healthy')
  assert.equal(healthOf('Up 1 second (health: starting)'), 'starting')
  assert.equal(healthOf('Exited (0) 3 seconds ago'), 'none')
})

test('the order of services is read off labels', () => {
  const depends = parseDependsOn('db:service_healthy:true,cache:service_started:false')
  assert.deepEqual(depends, {
    db: { condition: 'service_healthy', restart: true, required: true },
    cache: { condition: 'service_started', restart: false, required: true },
  })
  assert.deepEqual(parseDependsOn(''), {})
})

test('a container of the list is what plans need to know of it', () => {
  const summary = {
    Id: 'i',
    Names: ['/demo-web-2'],
    ImageID: 'sha256:1',
    State: 'running',
    Status: 'Up 1 second (unhealthy)',
    Labels: {
      'com.docker.compose.service': 'web',
      'com.docker.compose.container-number': '2',
      'com.docker.compose.oneoff': 'False',
      'com.docker.compose.config-hash': 'h',
      'com.docker.compose.depends_on': 'db:service_started:false',
    },
    NetworkSettings: { Networks: { demo_default: { NetworkID: 'n' } } },
    Mounts: [
      { Type: 'volume', Name: 'v', Destination: '/v' },
      { Type: 'bind', Source: '/b', Destination: '/b' },
    ],
  } as unknown as ContainerSummary
  const observed = toObserved(summary)
  assert.deepEqual(observed, {
    id: 'i',
    name: 'demo-web-2',
    service: 'web',
    number: 2,
    oneOff: false,
    state: 'running',
    health: 'unhealthy',
    configHash: 'h',
    image: 'sha256:1',
    networks: { demo_default: 'n' },
    volumes: [{ name: 'v', target: '/v' }],
    dependsOn: { db: { condition: 'service_started', restart: false, required: true } },
  })
  assert.deepEqual(lifecycleFromLabels([observed]).web?.replicas, 1)
})
