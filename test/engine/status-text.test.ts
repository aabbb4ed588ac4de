import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ContainerState, failedToStart, statusText } from '../../src/engine/container/state.ts'
import { humanDuration } from '../../src/engine/human-duration.ts'

const second = 1000
const hour = 3600 * second
const day = 24 * hour

for (const [milliseconds, words] of [
  [-3 * hour, 'Less than a second'], // the clock has been set back
  [0, 'Less than a second'],
  [999, 'Less than a second'],
  [1 * second, '1 second'],
  [59 * second, '59 seconds'],
  [60 * second, 'About a minute'],
  [119 * second, 'About a minute'],
  [120 * second, '2 minutes'],
  [59 * 60 * second, '59 minutes'],
  [60 * 60 * second, 'About an hour'],
  [1.5 * hour, '2 hours'],
  [47 * hour, '47 hours'],
  [2 * day, '2 days'],
  [13 * day, '13 days'],
  [14 * day, '2 weeks'],
  [60 * day, '2 months'],
  [729 * day, '24 months'],
  [730 * day, '2 years'],
] as const)
  test(`${milliseconds} ms are "${words}"`, () => assert.equal(humanDuration(milliseconds), words))

const now = Date.parse('2026-01-01T00:01:00Z')
const startedAt = '2026-01-01T00:00:00Z'
const running: ContainerState = { status: 'running', pid: 1, startedAt }
const exited: ContainerState = {
  status: 'exited',
  startedAt,
  finishedAt: startedAt,
  exitCode: 3,
  oomKilled: false,
  error: '',
}
const health = (status: 'starting' | 'healthy' | 'unhealthy') => ({ status, failingStreak: 0, log: [] })

test('the status tells the state, since when, and the health', () => {
  assert.equal(statusText(running, false, undefined, now), 'Up About a minute')
  assert.equal(statusText(running, false, health('starting'), now), 'Up About a minute (health: starting)')
  assert.equal(statusText(running, false, health('healthy'), now), 'Up About a minute (healthy)')
  assert.equal(
    statusText({ ...running, status: 'paused' }, false, health('healthy'), now),
    'Up About a minute (Paused)',
  )
  assert.equal(statusText(exited, false, health('unhealthy'), now), 'Exited (3) About a minute ago')
  assert.equal(
    statusText({ ...exited, status: 'restarting' }, false, undefined, now),
    'Restarting (3) About a minute ago',
  )
  assert.equal(statusText({ status: 'created', exitCode: 127, error: 'x' }, false, undefined, now), 'Created')
  assert.equal(statusText(exited, true, undefined, now), 'Removal In Progress')
})

test('what could not be started stays created, unless it has run before', () => {
  assert.deepEqual(failedToStart({ status: 'created', exitCode: 0, error: '' }, 127, 'no'), {
    status: 'created',
    exitCode: 127,
    error: 'no',
  })
  assert.deepEqual(failedToStart(exited, 128, 'no'), { ...exited, exitCode: 128, error: 'no' })
})
