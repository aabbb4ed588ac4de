import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkUpFlags, type UpFlags } from '../../src/cli/up-flags.ts'
import { pullPolicy, scaleOptions } from '../../src/cli/up-options.ts'

const plain: UpFlags = { start: true, deps: true, recreate: true, waitTimeout: 0, color: true, logPrefix: true }

for (const [flags, message] of [
  [{ build: true, noBuild: true }, '--build and --no-build are incompatible'],
  [{ forceRecreate: true, recreate: false }, '--force-recreate and --no-recreate are incompatible'],
  [{ renewAnonVolumes: true, recreate: false }, '--no-recreate and --renew-anon-volumes are incompatible'],
  [{ alwaysRecreateDeps: true, recreate: false }, '--always-recreate-deps and --no-recreate are incompatible'],
  [{ noBuild: true, watch: true }, '--no-build and --watch are incompatible'],
  [
    { abortOnContainerExit: true, abortOnContainerFailure: true },
    '--abort-on-container-failure cannot be combined with --abort-on-container-exit',
  ],
  [{ attach: ['a'], attachDependencies: true }, 'cannot combine --attach and --attach-dependencies'],
  [{ waitTimeout: -1 }, '--wait-timeout must be a non-negative integer'],
  [{ detach: true, abortOnContainerExit: true }, /^--detach cannot be combined with --abort-on-container-exit/],
  [{ detach: true, exitCodeFrom: 'a' }, /^--detach cannot be combined/],
  [{ wait: true, attach: ['a'] }, /^--wait cannot be combined/],
] as const)
  test(`up ${JSON.stringify(flags)} is refused in docker compose’s words`, () =>
    assert.throws(() => checkUpFlags({ ...plain, ...flags }), { code: 'CLI_FLAG', message }))

test('ordinary flags are fine', () => checkUpFlags({ ...plain, detach: true, wait: true, waitTimeout: 3 }))

test('--scale takes numbers of replicas, and names what is none', () => {
  assert.deepEqual(scaleOptions(['a=0', 'b=12']), { a: 0, b: 12 })
  for (const text of ['a', 'a=', 'a=many', '=1', 'a=-1'])
    assert.throws(() => scaleOptions([text]), {
      message: `invalid --scale option "${text}". Should be SERVICE=NUM`,
    })
})

test('--pull takes the policies there are', () => {
  assert.equal(pullPolicy(undefined), undefined)
  assert.equal(pullPolicy('policy'), undefined)
  assert.equal(pullPolicy('always'), 'always')
  assert.throws(() => pullPolicy('sometimes'), { message: 'invalid --pull option "sometimes"' })
})
