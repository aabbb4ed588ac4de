import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultCapabilities } from '../../src/runtime/capabilities.ts'
import { compileSeccomp } from '../../src/runtime/seccomp/compile.ts'
import { defaultSeccompProfile } from '../../src/runtime/seccomp/default-profile.ts'
import { seccompFilter } from '../../src/runtime/seccomp/filter.ts'
import { flatRules, kernelAtLeast } from '../../src/runtime/seccomp/rules.ts'
import type { SeccompProfile } from '../../src/runtime/spec.ts'
import { runSeccompFilter } from './bpf-machine.ts'

const X86_64 = 0xc000003e
const I386 = 0x40000003
const ALLOW = 0x7fff0000
const KILL = 0
const errno = (number: number) => 0x50000 | number
const [EPERM, ENOSYS] = [errno(1), errno(38)]

const context = (...more: string[]) => ({
  capabilities: [...defaultCapabilities, ...more],
  arch: 'amd64',
  kernelRelease: '6.18.0',
})
// libseccomp resolves names for the machine it runs on.
const skip = process.arch !== 'x64' && 'the numbers here are those of x86_64'
const compiled = skip ? Buffer.alloc(0) : compileSeccomp(defaultSeccompProfile, context())
const ask = (nr: number, args: (number | bigint)[] = [], arch = X86_64) =>
  runSeccompFilter(compiled, { nr, arch, args })

const numbers = {
  read: 0,
  socket: 41,
  clone: 56,
  mount: 165,
  unshare: 272,
  clone3: 435,
  io_uring_setup: 425,
  keyctl: 250,
}

test('ordinary calls are allowed', { skip }, () => {
  for (const nr of [numbers.read, 1, 59, 60, 101 /* ptrace */, 334 /* rseq */]) assert.equal(ask(nr), ALLOW, String(nr))
})

test('calls that reach beyond the container fail with EPERM', { skip }, () => {
  const { mount, unshare, io_uring_setup, keyctl } = numbers
  for (const nr of [mount, unshare, io_uring_setup, keyctl, 246 /* kexec_load */, 175 /* init_module */, 321 /* bpf */])
    assert.equal(ask(nr), EPERM, String(nr))
})

test('clone may make processes and threads, but no namespaces', { skip }, () => {
  assert.equal(ask(numbers.clone, [0x3d0f00]), ALLOW)
  for (const bit of [17, 25, 26, 27, 28, 29, 30]) assert.equal(ask(numbers.clone, [2 ** bit]), EPERM, String(bit))
})

test('clone3 does not exist, so that libraries use clone', { skip }, () => assert.equal(ask(numbers.clone3), ENOSYS))

test('all sockets but those of AF_ALG and AF_VSOCK', { skip }, () => {
  const answers = [1, 2, 10, 16, 17, 37, 38, 39, 40, 41].map(family => ask(numbers.socket, [family]))
  assert.deepEqual(answers, [ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, EPERM, ALLOW, EPERM, ALLOW])
})

test('personality may be asked for, and be Linux', { skip }, () => {
  assert.deepEqual(
    [0, 8, 0xffffffff, 0x40000].map(value => ask(135, [value])),
    [ALLOW, ALLOW, ALLOW, EPERM],
  )
})

test('calls newer than libseccomp are known: allowed, or EPERM, or not there at all', { skip }, () => {
  assert.deepEqual(
    [452 /* fchmodat2 */, 462 /* mseal */, 466].map(nr => ask(nr)),
    [ALLOW, ALLOW, ALLOW],
  )
  assert.equal(ask(459 /* lsm_get_self_attr */), EPERM)
  assert.deepEqual(
    [467, 500].map(nr => ask(nr)),
    [ENOSYS, ENOSYS],
  )
})

test('the rules hold for 32-bit programs, in their own numbers', { skip }, () => {
  assert.equal(ask(3 /* read */, [], I386), ALLOW)
  assert.equal(ask(21 /* mount */, [], I386), EPERM)
  assert.equal(ask(452, [], I386), ALLOW)
})

test('x32 does not exist; a program of another architecture is killed', { skip }, () => {
  assert.equal(ask(0x40000000), ENOSYS)
  assert.equal(ask(0, [], 0xc00000b7), KILL)
})

test('a capability brings the calls it is for', { skip }, () => {
  const admin = compileSeccomp(defaultSeccompProfile, context('CAP_SYS_ADMIN'))
  const answer = (nr: number, args: number[] = []) => runSeccompFilter(admin, { nr, arch: X86_64, args })
  assert.equal(answer(numbers.mount), ALLOW)
  assert.equal(answer(numbers.clone3), ALLOW)
  assert.equal(answer(numbers.clone, [0x20000]), ALLOW)
  assert.equal(answer(459), ALLOW)
  assert.equal(answer(246), EPERM)
})

test('a profile of the user: another default, an errno, two tests of one argument', { skip }, () => {
  const profile: SeccompProfile = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: ['mkdir', 'fchmodat2'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
      {
        names: ['kill'],
        action: 'SCMP_ACT_KILL_PROCESS',
        args: [1, 2].map(value => ({ index: 1, value, op: 'SCMP_CMP_EQ' })),
      },
    ],
  }
  const filter = compileSeccomp(profile, context())
  const answer = (nr: number, args: number[] = []) => runSeccompFilter(filter, { nr, arch: X86_64, args })
  assert.deepEqual([answer(83), answer(452), answer(0), answer(600)], [errno(13), errno(13), ALLOW, ALLOW])
  assert.deepEqual(
    [1, 2, 3].map(signal => answer(62, [7, signal])),
    [0x80000000, 0x80000000, ALLOW],
  )
})

test('a wrong word is an error that names it', () => {
  const wrong = (rule: object) => () =>
    compileSeccomp(
      { ...defaultSeccompProfile, syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW', ...rule }] },
      context(),
    )
  const code = 'RUNTIME_SECCOMP_INVALID'
  assert.throws(wrong({ action: 'SCMP_ACT_FUN' }), { code, message: /SCMP_ACT_FUN/ })
  assert.throws(wrong({ args: [{ index: 0, value: 1, op: 'SCMP_CMP_FUN' }] }), { code, message: /SCMP_CMP_FUN/ })
  const architectures = ['SCMP_ARCH_FUN']
  assert.throws(() => compileSeccomp({ defaultAction: 'SCMP_ACT_ALLOW', architectures, syscalls: [] }, context()), {
    code,
    message: /SCMP_ARCH_FUN/,
  })
})

test('includes and excludes choose rows by capability, architecture and kernel', () => {
  const rule = (names: string[], filter: object) => ({ names, action: 'SCMP_ACT_ALLOW', ...filter })
  const syscalls = [
    rule(['a'], { includes: { caps: ['CAP_CHOWN', 'CAP_KILL'] } }),
    rule(['b'], { includes: { caps: ['CAP_CHOWN', 'CAP_BPF'] } }),
    rule(['c'], { excludes: { caps: ['CAP_BPF', 'CAP_KILL'] } }),
    rule(['d'], { includes: { arches: ['arm64', 'amd64'] } }),
    rule(['e'], { excludes: { arches: ['amd64'] } }),
    rule(['f'], { includes: { minKernel: '4.8' } }),
    rule(['g'], { includes: { minKernel: '6.19' } }),
    { names: ['h'], action: 'SCMP_ACT_ERRNO', errnoRet: 1 },
  ]
  const rules = flatRules({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }, context())
  assert.deepEqual(
    rules.map(({ name }) => name),
    ['a', 'd', 'f'],
  )
})

test('kernel versions compare as numbers', () => {
  assert.ok(kernelAtLeast('6.18.44-fc', '6.8'))
  assert.ok(!kernelAtLeast('4.19.0-amd64', '5.2'))
})

test('a filter is compiled once for all processes with the same capabilities', () => {
  const filter = (...capabilities: string[]) => seccompFilter({ capabilities })
  assert.equal(filter('CAP_CHOWN', 'CAP_KILL'), filter('CAP_KILL', 'CAP_CHOWN'))
  assert.notEqual(filter(), filter('CAP_KILL'))
  assert.equal(seccompFilter({ capabilities: [], seccomp: 'unconfined' }), undefined)
})
