import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdirSync, openSync, rmdirSync } from 'node:fs'
import { test } from 'node:test'
import { attachDeviceProgram, compileDeviceProgram } from '../../src/runtime/cgroup/device-program.ts'
import { deviceRules, formatDeviceRule } from '../../src/runtime/cgroup/device-rules.ts'
import { effectiveV1 } from '../../src/runtime/cgroup/effective-v1.ts'
import { effectiveV2 } from '../../src/runtime/cgroup/effective-v2.ts'
import { parseCgroupMounts } from '../../src/runtime/cgroup/hierarchies.ts'
import { idleWeightWarnings } from '../../src/runtime/cgroup/io-weight.ts'
import { limitsV1 } from '../../src/runtime/cgroup/limits-v1.ts'
import { ioWeight, limitsV2, weightOfShares } from '../../src/runtime/cgroup/limits-v2.ts'
import { applySettings, type CgroupFiles } from '../../src/runtime/cgroup/setting.ts'
import { statsV1 } from '../../src/runtime/cgroup/stats-v1.ts'
import { statsV2 } from '../../src/runtime/cgroup/stats-v2.ts'
import type { ResourcesSpec } from '../../src/runtime/spec.ts'
import { runDeviceProgram } from './bpf-machine.ts'

const mountinfo = (...lines: string[]) => lines.map(line => `31 23 0:28 / ${line}`).join('\n')

test('v1 controllers with an empty v2 tree beside them are v1', () => {
  const text = mountinfo(
    '/sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct',
    '/sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd',
    '/sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  )
  assert.deepEqual(parseCgroupMounts(text), {
    version: 1,
    hierarchies: [
      { mountPoint: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu', 'cpuacct'] },
      { mountPoint: '/sys/fs/cgroup/systemd', controllers: ['name=systemd'] },
    ],
  })
})

test('a v2 tree alone, or with no more than a named hierarchy, is v2', () => {
  const text = mountinfo('/sys/fs/my\\040cgroup rw - cgroup2 none rw', '/x rw - cgroup none rw,name=systemd')
  assert.deepEqual(parseCgroupMounts(text), { version: 2, root: '/sys/fs/my cgroup' })
  assert.equal(parseCgroupMounts(mountinfo('/ rw - ext4 /dev/vda rw')), undefined)
})

/** A tree of files in memory; `answer` stands for what the kernel makes of a write. */
function fakeFiles(present: Record<string, string>, answer = (_file: string, value: string): string => value) {
  const content = new Map(Object.entries(present))
  const writes: string[] = []
  const failing = (code: string) => Object.assign(new Error(code), { code })
  const files: CgroupFiles = {
    read(_controller, file) {
      const text = content.get(file)
      if (text === undefined) throw failing('ENOENT')
      return text
    },
    write(_controller, file, value) {
      writes.push(`${file} ${value}`)
      if (!content.has(file)) throw failing('ENOENT')
      const result = answer(file, value)
      if (/^E[A-Z]+$/.test(result)) throw failing(result)
      content.set(file, result)
    },
  }
  return { files, writes }
}

const written = (resources: ResourcesSpec) => limitsV1(resources).map(({ files: [file], value }) => `${file} ${value}`)

test('limits of v1 by their files', () => {
  const resources = {
    memory: { limit: 1 << 20, swap: -1, reservation: 1 << 19, swappiness: 10, disableOOMKiller: true },
    cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: '0-1', mems: '0' },
    pids: { limit: 64 },
    blockIO: { weight: 300, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }] },
  }
  assert.deepEqual(written(resources), [
    'memory.limit_in_bytes 1048576',
    'memory.memsw.limit_in_bytes -1',
    'memory.soft_limit_in_bytes 524288',
    'memory.swappiness 10',
    'memory.oom_control 1',
    'cpu.shares 512',
    'cpu.cfs_period_us 100000',
    'cpu.cfs_quota_us 50000',
    'cpuset.cpus 0-1',
    'cpuset.mems 0',
    'pids.max 64',
    'blkio.weight 300',
    'blkio.throttle.read_bps_device 8:0 1000',
  ])
})

test('no limits are no writes, and a pids limit of -1 is max', () => {
  assert.deepEqual(written({}), [])
  assert.deepEqual(written({ pids: { limit: -1 } }), ['pids.max max'])
})

test('limits of v2 by their files, with words for what it does not have', () => {
  const { settings, warnings } = limitsV2({
    memory: { limit: 1000, swap: 3000, swappiness: 1, disableOOMKiller: true },
    cpu: { shares: 1024, quota: 50_000 },
    pids: { limit: 0 },
    blockIO: { weight: 1000, throttleWriteIOPSDevice: [{ major: 8, minor: 1, rate: 7 }] },
  })
  assert.deepEqual(
    settings.map(({ files: [file], value }) => `${file} ${value}`),
    [
      'memory.max 1000',
      'memory.swap.max 2000',
      'cpu.weight 39',
      'cpu.max 50000 100000',
      'pids.max max',
      'io.bfq.weight default 10000',
      'io.max 8:1 wiops=7',
    ],
  )
  assert.equal(warnings.length, 2)
  assert.match(warnings.join(), /swappiness .*OOM killer/)
})

test('shares and weights meet at both ends of their scales', () => {
  assert.deepEqual([2, 1024, 262_144, 1e9].map(weightOfShares), [1, 39, 10_000, 10_000])
  assert.deepEqual([10, 1000].map(ioWeight), [1, 10_000])
})

test('a limit that the kernel does not have is one warning that names the controller', () => {
  const { files } = fakeFiles({ 'pids.max': 'max' })
  const warnings = applySettings(files, limitsV1({ pids: { limit: 5 }, blockIO: { weight: 100 } }))
  assert.deepEqual(warnings, ['the block I/O weight is ignored: the blkio controller of this machine cannot set it'])
})

test('the second name of a file is used where the first is missing', () => {
  const { files, writes } = fakeFiles({ 'blkio.bfq.weight': '100' })
  assert.deepEqual(applySettings(files, limitsV1({ blockIO: { weight: 200 } })), [])
  assert.deepEqual(writes, ['blkio.weight 200', 'blkio.bfq.weight 200'])
})

test('a limit that must be set after another is tried again', () => {
  let swap = 100
  const { files } = fakeFiles(
    { 'memory.limit_in_bytes': '50', 'memory.memsw.limit_in_bytes': '100' },
    (file, value) => {
      if (file === 'memory.limit_in_bytes') return Number(value) > swap ? 'EINVAL' : value
      swap = Number(value)
      return value
    },
  )
  assert.deepEqual(applySettings(files, limitsV1({ memory: { limit: 200, swap: 400 } })), [])
  assert.equal(files.read('memory', 'memory.limit_in_bytes'), '200')
})

test('a value that the kernel refuses is an error with the file and the value', () => {
  const { files } = fakeFiles({ 'cpuset.cpus': '0' }, () => 'EINVAL')
  assert.throws(() => applySettings(files, limitsV1({ cpu: { cpus: '99' } })), {
    code: 'RUNTIME_LIMIT_REFUSED',
    message: /refuses 99 as choice of CPUs: writing cpuset\.cpus of the cpuset controller fails with EINVAL/,
  })
})

test('what is read back differs: a warning; rounding to pages does not count', () => {
  const { files } = fakeFiles({ 'cpu.shares': '', 'memory.limit_in_bytes': '' }, (file, value) =>
    file === 'cpu.shares' ? '2\n' : String(Math.floor(Number(value) / 4096) * 4096),
  )
  const warnings = applySettings(files, limitsV1({ cpu: { shares: 1 }, memory: { limit: 10_000_000 } }))
  assert.deepEqual(warnings, ['the cpu controller changed the CPU shares of 1 to 2'])
})

test('what is in force on v1 is read for what was asked, and unlimited is -1', () => {
  const { files } = fakeFiles({
    'memory.limit_in_bytes': '8192\n',
    'memory.memsw.limit_in_bytes': '9223372036854771712\n',
    'memory.oom_control': 'oom_kill_disable 1\nunder_oom 0\noom_kill 0\n',
    'cpu.shares': '2\n',
    'pids.max': 'max\n',
    'blkio.throttle.read_bps_device': '254:0 4096\n8:0 7\n',
  })
  const disk = { major: 8, minor: 0, rate: 9 }
  assert.deepEqual(
    effectiveV1(files, {
      memory: { limit: 9000, swap: -1, swappiness: 3, disableOOMKiller: true },
      cpu: { shares: 1 },
      pids: { limit: -1 },
      blockIO: { throttleReadBpsDevice: [disk, { ...disk, minor: 1 }], weight: 10 },
    }),
    {
      memory: { limit: 8192, swap: -1, disableOOMKiller: true },
      cpu: { shares: 2 },
      pids: { limit: -1 },
      blockIO: { throttleReadBpsDevice: [{ ...disk, rate: 7 }] },
    },
  )
  assert.deepEqual(effectiveV1(files, {}), {})
})

test('what is in force on v2 is told on the scales of v1', () => {
  const { files } = fakeFiles({
    'memory.max': '8192\n',
    'memory.swap.max': '4096\n',
    'cpu.weight': '39\n',
    'cpu.max': 'max 50000\n',
    'io.bfq.weight': 'default 100\n8:0 10000\n',
    'io.max': '8:0 rbps=max wbps=1000 riops=max wiops=5\n',
  })
  const disk = { major: 8, minor: 0 }
  const found = effectiveV2(files, {
    memory: { limit: 9000, swap: 12_000 },
    cpu: { shares: 900, quota: 1, period: 1 },
    blockIO: {
      weight: 500,
      weightDevice: [{ ...disk, weight: 900 }],
      throttleWriteBpsDevice: [{ ...disk, rate: 1 }],
      throttleReadBpsDevice: [{ ...disk, rate: 1 }],
    },
  })
  assert.deepEqual(found.memory, { limit: 8192, swap: 12_288 })
  assert.deepEqual(found.cpu, { shares: 999, quota: -1, period: 50_000 })
  assert.deepEqual(found.blockIO, {
    weight: 20,
    weightDevice: [{ ...disk, weight: 1000 }],
    throttleWriteBpsDevice: [{ ...disk, rate: 1000 }],
    throttleReadBpsDevice: [{ ...disk, rate: -1 }],
  })
  assert.deepEqual(effectiveV2(files, { cpu: { shares: 1024 } }).cpu, { shares: 1024 }, 'the one that was asked for')
})

test('a weight that no disk heeds is told', () => {
  const weights = { blockIO: { weight: 100 } }
  const idle = (costQos: string, ...disks: string[]) => idleWeightWarnings(weights, 'io', costQos, () => disks).length
  assert.equal(idle('', 'none [mq-deadline] bfq'), 1)
  assert.equal(idle('', '[none]', 'none [bfq]'), 0)
  assert.equal(idle('8:0 enable=1 ctrl=auto', '[none]'), 0)
  assert.deepEqual(idleWeightWarnings({}, 'blkio'), [])
})

const container = { privileged: false, devices: [], resources: {} }

test('device rules in the form of v1', () => {
  const rules = deviceRules(container).map(formatDeviceRule)
  assert.equal(rules[0], 'a')
  assert.ok(rules.includes('c 136:* rwm'))
  assert.ok(rules.includes('c 1:3 rwm'))
})

test('the device program decides as the rules say', () => {
  const fuse = {
    path: '/dev/fuse',
    type: 'c',
    major: 10,
    minor: 229,
    fileMode: 0o666,
    uid: 0,
    gid: 0,
    access: 'rw',
  } as const
  const devices = [
    { allow: true, type: 'b', major: 8, minor: -1, access: 'r' },
    { allow: false, type: 'b', major: 8, minor: 5, access: 'r' },
  ] as const
  const program = compileDeviceProgram(deviceRules({ ...container, devices: [fuse], resources: { devices } }))
  const allowed = (type: 'b' | 'c', major: number, minor: number, access: string) =>
    runDeviceProgram(program, { type, major, minor, access })
  assert.ok(allowed('c', 1, 3, 'rw'))
  assert.ok(allowed('c', 136, 77, 'rw'))
  assert.ok(allowed('b', 200, 7, 'm'), 'a node may be made')
  assert.ok(!allowed('b', 200, 7, 'r'), 'but not be opened')
  assert.ok(allowed('c', 10, 229, 'rw'))
  assert.ok(!allowed('c', 10, 228, 'rw'))
  assert.ok(allowed('b', 8, 1, 'r'))
  assert.ok(!allowed('b', 8, 1, 'rw'), 'all of what is asked for must be allowed')
  assert.ok(!allowed('b', 8, 5, 'r'), 'a later rule wins')
  assert.ok(!allowed('c', 8, 1, 'r'))
})

test('a privileged container may use everything', () => {
  const program = compileDeviceProgram(deviceRules({ ...container, privileged: true }))
  assert.ok(runDeviceProgram(program, { type: 'b', major: 8, minor: 0, access: 'rwm' }))
})

const tree = ['/sys/fs/cgroup/cgroup.procs', '/sys/fs/cgroup/unified/cgroup.procs']
  .find(existsSync)
  ?.replace(/\/cgroup\.procs$/, '')
test('the kernel accepts device programs', {
  skip: (process.getuid?.() !== 0 && 'needs root') || (!tree && 'needs a v2 tree'),
}, () => {
  const directory = `${tree}/tscompose-device-test-${process.pid}`
  mkdirSync(directory)
  const fd = openSync(directory, 'r')
  try {
    const device = { allow: false, type: 'b', major: 8, minor: -1, access: 'w' } as const
    attachDeviceProgram(fd, deviceRules({ ...container, resources: { devices: [device] } }))
    attachDeviceProgram(fd, deviceRules({ ...container, privileged: true }))
  } finally {
    closeSync(fd)
    rmdirSync(directory)
  }
})

test('the counters of v1', () => {
  const { files } = fakeFiles({
    'cpuacct.usage_percpu': '100 23 \n',
    'cpuacct.usage_all': 'cpu user system\n0 50 40\n1 10 20\n',
    'memory.usage_in_bytes': '4096\n',
    'memory.limit_in_bytes': '9223372036854771712\n',
    'memory.stat': 'cache 1\nrss 2\n',
    'blkio.throttle.io_service_bytes_recursive': '254:0 Read 512\n254:0 Write 1024\n254:0 Total 1536\nTotal 1536\n',
    'blkio.throttle.io_serviced_recursive': '254:0 Read 1\n254:0 Write 2\n',
    'pids.current': '3\n',
    'pids.max': 'max\n',
  })
  const { cpu, memory, blockIO, pids } = statsV1(files)
  assert.deepEqual([cpu.totalUsage, cpu.usageInUsermode, cpu.usageInKernelmode], [123, 60, 60])
  assert.deepEqual(cpu.percpuUsage, [100, 23])
  assert.deepEqual([memory.usage, memory.stats], [4096, { cache: 1, rss: 2 }])
  assert.ok(memory.limit < 2 ** 50, 'without a limit it is the memory of the machine')
  assert.deepEqual(blockIO, [
    { major: 254, minor: 0, op: 'read', bytes: 512, operations: 1 },
    { major: 254, minor: 0, op: 'write', bytes: 1024, operations: 2 },
  ])
  assert.deepEqual(pids, { current: 3, limit: 0 })
})

test('the counters of v2, in nanoseconds', () => {
  const { files } = fakeFiles({
    'cpu.stat': 'usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 1\nnr_throttled 1\nthrottled_usec 9\n',
    'memory.current': '4096\n',
    'memory.max': '8192\n',
    'io.stat': '254:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n',
    'pids.max': '7\n',
  })
  const { cpu, memory, blockIO, pids } = statsV2(files)
  assert.deepEqual([cpu.totalUsage, cpu.usageInKernelmode, cpu.throttledTime], [5000, 2000, 9000])
  assert.deepEqual([memory.limit, memory.maxUsage], [8192, 4096])
  assert.deepEqual(
    blockIO.map(({ bytes, operations }) => [bytes, operations]),
    [
      [10, 1],
      [20, 2],
    ],
  )
  assert.equal(pids.limit, 7)
})
