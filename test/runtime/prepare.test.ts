import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { capabilityMask } from '../../src/runtime/capabilities.ts'
import { parseMountOptions } from '../../src/runtime/compile/mount-options.ts'
import { commandCandidates } from '../../src/runtime/compile/process.ts'
import { sysctlPath } from '../../src/runtime/compile/system.ts'
import { thermalThrottles } from '../../src/runtime/defaults.ts'
import { makeDeviceNumber } from '../../src/runtime/device-node.ts'
import type { Machine } from '../../src/runtime/prepare/machine.ts'
import { masksOf } from '../../src/runtime/prepare/masks.ts'
import { placeMounts } from '../../src/runtime/prepare/place-mounts.ts'
import { effectiveRlimits } from '../../src/runtime/prepare/rlimits.ts'
import { checkSysctls } from '../../src/runtime/prepare/sysctl.ts'
import type { MountSpec, NamespacesSpec } from '../../src/runtime/spec.ts'
import { MS } from '../../src/sys/constants.ts'

const machine: Machine = {
  lastCapability: 40,
  permittedCapabilities: 0n,
  appArmorFile: '/proc/thread-self/attr/apparmor/exec',
  oomScoreAdj: 0,
  overlayOptions: [],
  hardLimit: () => 1000n,
}

test('a limit above our own is lowered to it, with a warning', () => {
  const warnings: string[] = []
  const [nofile] = effectiveRlimits([{ type: 'RLIMIT_NOFILE', soft: 5000, hard: -1 }], machine, warnings)
  assert.deepEqual(nofile, { type: 'RLIMIT_NOFILE', resource: 7, soft: 1000n, hard: 1000n })
  assert.match(warnings.join(), /RLIMIT_NOFILE is 1000 instead of unlimited/)
})

test('with CAP_SYS_RESOURCE limits are as they are asked for; -1 is infinity', () => {
  const mighty = { ...machine, permittedCapabilities: capabilityMask(['CAP_SYS_RESOURCE']) }
  const warnings: string[] = []
  const [core] = effectiveRlimits([{ type: 'RLIMIT_CORE', soft: 0, hard: -1 }], mighty, warnings)
  assert.deepEqual(core, { type: 'RLIMIT_CORE', resource: 4, soft: 0n, hard: 2n ** 64n - 1n })
  assert.deepEqual(warnings, [])
})

test('there is no such limit', () => {
  assert.throws(() => effectiveRlimits([{ type: 'RLIMIT_FUN', soft: 0, hard: 0 }], machine, []), {
    code: 'RUNTIME_LIMIT_REFUSED',
  })
})

const namespaces = (more: Partial<NamespacesSpec> = {}): NamespacesSpec => ({
  pid: 'private',
  ipc: 'private',
  uts: 'private',
  cgroup: 'host',
  network: { path: '/run/netns/x' },
  ...more,
})

test('sysctls of the own namespaces may be set', () => {
  const sysctl = {
    'net.core.somaxconn': '1',
    'net/ipv4/conf/eth0.1/forwarding': '1',
    'kernel.shmmax': '1',
    'fs.mqueue.msg_max': '1',
  }
  checkSysctls({ sysctl, namespaces: namespaces() })
})

for (const [why, name, more] of [
  ['of the machine', 'vm.swappiness', {}],
  ['of the machine', 'kernel.core_pattern', {}],
  ["of the host's network", 'net.core.somaxconn', { network: 'host' }],
  ["of the host's ipc namespace", 'kernel.shmmax', { ipc: 'host' }],
  ['that leave the tree', 'net.core/../../kernel/core_pattern', {}],
  ['that leave the tree', 'net/../kernel/core_pattern', {}],
] as const)
  test(`sysctls ${why} may not: ${name}`, () => {
    assert.throws(() => checkSysctls({ sysctl: { [name]: '1' }, namespaces: namespaces(more) }), {
      code: 'RUNTIME_SYSCTL_REFUSED',
    })
  })

test('the name of a sysctl is a path', () => {
  assert.equal(sysctlPath('net.core.somaxconn'), '/proc/sys/net/core/somaxconn')
  assert.equal(sysctlPath('net/ipv4/conf/eth0.1/forwarding'), '/proc/sys/net/ipv4/conf/eth0.1/forwarding')
})

const root = { lowerdirs: ['/nonexistent'], writableLayer: '/nonexistent', readonly: false }
const bind = (source: string, destination: string): MountSpec => ({
  type: 'bind',
  source,
  destination,
  readonly: false,
})

test('a bind source that does not exist is named', () => {
  assert.throws(() => placeMounts({ root, mounts: [bind('/no/such', '/x')] }), {
    code: 'RUNTIME_MOUNT_INVALID',
    message: 'bind source path does not exist: /no/such',
  })
})

test('a source is a file or a directory, a destination is normal', t => {
  const directory = mkdtempSync(join(tmpdir(), 'tscompose-place-'))
  t.after(() => rmdirSync(directory))
  const placed = placeMounts({ root, mounts: [bind(directory, '/a//b/../c/'), bind('/etc/hosts', '/etc/hosts')] })
  assert.deepEqual(
    placed.map(({ kind, mountpoint }) => [kind, mountpoint]),
    [
      ['directory', '/a/c'],
      ['file', '/etc/hosts'],
    ],
  )
})

test('links of a volume are followed within it, and tell nothing of the machine', t => {
  const volume = mkdtempSync(join(tmpdir(), 'tscompose-place-'))
  t.after(() => rmSync(volume, { recursive: true }))
  mkdirSync(join(volume, 'data'))
  symlinkSync('/data', join(volume, 'absolute'))
  symlinkSync('../../../../../../etc/passwd', join(volume, 'out'))
  const place = (subpath: string) =>
    placeMounts({ root, mounts: [{ type: 'bind', source: volume, subpath, destination: '/x', readonly: false }] })
  assert.equal(place('absolute')[0]?.kind, 'directory')
  assert.throws(() => place('out'), { code: 'RUNTIME_MOUNT_INVALID' })
})

test('a directory is not mounted on a file, nor a file on a directory, unless another mount lies between', t => {
  const layer = mkdtempSync(join(tmpdir(), 'tscompose-place-'))
  t.after(() => rmSync(layer, { recursive: true }))
  mkdirSync(join(layer, 'etc/app.d'), { recursive: true })
  writeFileSync(join(layer, 'etc/app.conf'), '')
  const place = (...mounts: MountSpec[]) => placeMounts({ root: { ...root, lowerdirs: [layer] }, mounts })
  assert.throws(() => place(bind('/usr', '/etc/app.conf')), {
    code: 'RUNTIME_MOUNT_INVALID',
    message: 'error mounting "/usr" to rootfs at "/etc/app.conf": /usr is a directory, /etc/app.conf a file',
  })
  assert.throws(() => place(bind('/etc/passwd', '/etc/app.d')), { code: 'RUNTIME_MOUNT_INVALID' })
  assert.equal(place(bind('/etc', '/etc/'), bind('/usr', '/etc/app.conf')).length, 2)
  assert.equal(place(bind('/usr', '/etc/app.d'), bind('/etc/passwd', '/etc/app.conf')).length, 2)
})

for (const destination of ['/', 'relative', '/x/..'])
  test(`nothing can be mounted on ${destination}`, () => {
    assert.throws(() => placeMounts({ root, mounts: [bind('/etc', destination)] }), { code: 'RUNTIME_MOUNT_INVALID' })
  })

test('only what this machine has is masked in procfs; of other paths nothing is known', () => {
  assert.deepEqual(masksOf(['/proc/no-such-thing', '/proc/sys', '/proc/uptime', '/etc/x']), [
    { path: '/proc/sys', kind: 'directory' },
    { path: '/proc/uptime', kind: 'file' },
    { path: '/etc/x', kind: 'unknown' },
  ])
})

test('of processors that tell how hot they are, that is masked', t => {
  const cpus = mkdtempSync(join(tmpdir(), 'tscompose-cpus-'))
  t.after(() => rmSync(cpus, { recursive: true }))
  for (const name of ['cpu0/thermal_throttle', 'cpu10/thermal_throttle', 'cpu1', 'cpufreq/thermal_throttle'])
    mkdirSync(join(cpus, name), { recursive: true })
  assert.deepEqual(
    new Set(thermalThrottles(cpus)),
    new Set([`${cpus}/cpu0/thermal_throttle`, `${cpus}/cpu10/thermal_throttle`]),
  )
})

test('of two opposite mount options the later wins; the rest goes to the file system in order', () => {
  assert.deepEqual(parseMountOptions(['size=64m', 'ro', 'exec', 'rw', 'mode=1777'], MS.NOEXEC | MS.NOSUID), {
    flags: MS.NOSUID,
    data: 'size=64m,mode=1777',
  })
})

test('a command is looked up in PATH of its environment, the last one if there are two', () => {
  const env = ['PATH=/a', 'X=1', 'PATH=/b::/c']
  assert.deepEqual(commandCandidates({ args: ['sh'], env }), ['/b/sh', './sh', '/c/sh'])
  assert.deepEqual(commandCandidates({ args: ['./sh'], env }), ['./sh'])
  assert.equal(commandCandidates({ args: ['sh'], env: [] })[0], '/usr/local/sbin/sh')
})

test('device numbers are those of makedev(3)', () => {
  assert.equal(makeDeviceNumber(1, 3), 0x103)
  assert.equal(makeDeviceNumber(259, 300), 0x11032c)
})
