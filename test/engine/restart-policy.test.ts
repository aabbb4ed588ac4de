import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestartPolicy } from '../../src/engine/api.ts'
import {
  restartDelayMs,
  restarts,
  restartsWithMachine,
  validateRestartPolicy,
} from '../../src/engine/container/restart-policy.ts'

test('delays double from 100 ms up to a minute', () => {
  const delays: number[] = []
  while (delays.length < 12) delays.push(restartDelayMs(delays.at(-1) ?? 0, 5))
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000])
})

test('a run of ten seconds makes the delay short again', () => {
  assert.equal(restartDelayMs(25_600, 10_000), 100)
  assert.equal(restartDelayMs(25_600, 9_999), 51_200)
})

const ended = { exitCode: 0, manuallyStopped: false, count: 0 }
const always: RestartPolicy = { Name: 'always' }
const unlessStopped: RestartPolicy = { Name: 'unless-stopped' }
const onFailure: RestartPolicy = { Name: 'on-failure', MaximumRetryCount: 2 }

test('always and unless-stopped restart whatever the exit code is, but not what somebody stopped', () => {
  for (const policy of [always, unlessStopped]) {
    assert.ok(restarts(policy, ended))
    assert.ok(!restarts(policy, { ...ended, manuallyStopped: true }))
  }
})

test('on-failure restarts failures, as often as it says', () => {
  assert.ok(!restarts(onFailure, ended))
  assert.ok(restarts(onFailure, { ...ended, exitCode: 1, count: 1 }))
  assert.ok(!restarts(onFailure, { ...ended, exitCode: 1, count: 2 }))
  assert.ok(restarts({ Name: 'on-failure' }, { ...ended, exitCode: 1, count: 99 }))
})

test('no policy restarts nothing', () => {
  for (const Name of ['', 'no'] as const) assert.ok(!restarts({ Name }, { ...ended, exitCode: 1 }))
})

test('with the machine, always restarts even what somebody stopped, unless-stopped does not', () => {
  const stopped = { ...ended, manuallyStopped: true }
  assert.ok(restartsWithMachine(always, stopped))
  assert.ok(!restartsWithMachine(unlessStopped, stopped))
})

test('policies that make no sense are refused', () => {
  for (const policy of [
    { Name: 'sometimes' },
    { Name: 'always', MaximumRetryCount: 3 },
    { Name: 'on-failure', MaximumRetryCount: -1 },
  ])
    assert.throws(() => validateRestartPolicy(policy as RestartPolicy), { code: 'ENGINE_REQUEST_INVALID' })
  validateRestartPolicy(onFailure)
})
