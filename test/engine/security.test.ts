import assert from 'node:assert/strict'
import { test } from 'node:test'
import { effectivePaths, translateCapabilities, translateSecurityOpts } from '../../src/engine/translate/security.ts'
import { capabilityNames, defaultCapabilities } from '../../src/runtime/capabilities.ts'

const code = 'ENGINE_REQUEST_INVALID'
const all = capabilityNames
const caps = (add: string[], drop: string[]) => translateCapabilities({ CapAdd: add, CapDrop: drop }, all)
const around = { noNewPrivileges: false, appArmor: false }

test("without a word it is Docker's list", () => assert.deepEqual(caps([], []), [...defaultCapabilities].sort()))

test('names go with and without CAP_, in either case', () => {
  assert.ok(caps(['net_admin'], []).includes('CAP_NET_ADMIN'))
  assert.ok(!caps([], ['CAP_CHOWN']).includes('CAP_CHOWN'))
})

test('ALL in drop leaves what is added by name, ALL in add leaves out what is dropped by name', () => {
  assert.deepEqual(caps(['NET_RAW'], ['ALL']), ['CAP_NET_RAW'])
  assert.deepEqual(caps([], ['ALL']), [])
  assert.deepEqual(
    caps(['ALL'], ['SYS_ADMIN']),
    all.filter(name => name !== 'CAP_SYS_ADMIN'),
  )
})

test('what the engine does not have it cannot give', () => {
  const available = all.filter(name => name !== 'CAP_SYS_RESOURCE' && name !== 'CAP_MKNOD')
  assert.ok(!translateCapabilities({}, available).includes('CAP_MKNOD'))
  assert.deepEqual(translateCapabilities({ Privileged: true }, available), available)
  assert.throws(() => translateCapabilities({ CapAdd: ['SYS_RESOURCE'] }, available), { code })
  assert.throws(() => caps(['FLY'], []), { code, message: 'invalid CapAdd: unknown capability: "CAP_FLY"' })
})

test('security options go with = and with :', () => {
  const opts = (...SecurityOpt: string[]) => translateSecurityOpts({ SecurityOpt }, around)
  assert.deepEqual(opts(), { noNewPrivileges: false })
  assert.deepEqual(opts('no-new-privileges'), { noNewPrivileges: true })
  assert.deepEqual(opts('no-new-privileges:true', 'seccomp=unconfined'), {
    noNewPrivileges: true,
    seccomp: 'unconfined',
  })
  assert.deepEqual(opts('no-new-privileges=false', 'apparmor=unconfined', 'label=disable'), { noNewPrivileges: false })
  const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] }
  assert.deepEqual(opts(`seccomp=${JSON.stringify(profile)}`).seccomp, profile)
  for (const bad of ['nonsense', 'no-new-privileges=perhaps', 'seccomp={'])
    assert.throws(() => opts(bad), { code }, bad)
})

test('a privileged container has no filter and hides nothing', () => {
  assert.equal(translateSecurityOpts({ Privileged: true }, around).seccomp, 'unconfined')
  assert.deepEqual(effectivePaths({ Privileged: true }), { masked: [], readonly: [] })
  assert.ok(effectivePaths({}).masked.includes('/proc/kcore'))
  assert.deepEqual(effectivePaths({ MaskedPaths: [], ReadonlyPaths: ['/x'] }), { masked: [], readonly: ['/x'] })
})

test('AppArmor: the default profile, or that which is named; one that cannot be applied is refused', () => {
  const profile = (appArmor: boolean, option?: string, Privileged = false) =>
    translateSecurityOpts({ SecurityOpt: option ? [`apparmor=${option}`] : [], Privileged }, { ...around, appArmor })
      .apparmorProfile
  assert.equal(profile(true), 'tscompose-default')
  assert.equal(profile(true, 'docker-default'), 'tscompose-default')
  assert.equal(profile(true, 'mine'), 'mine')
  assert.equal(profile(true, 'unconfined'), undefined)
  assert.equal(profile(true, undefined, true), undefined)
  assert.equal(profile(true, 'mine', true), 'mine')
  for (const option of [undefined, 'unconfined', 'docker-default']) assert.equal(profile(false, option), undefined)
  assert.throws(() => profile(false, 'mine'), { code, message: /"mine" cannot be applied: AppArmor is not enabled/ })
  assert.throws(() => profile(true, 'a\nb'), { code })
})
