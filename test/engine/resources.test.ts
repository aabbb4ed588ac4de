import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostConfig } from '../../src/engine/api.ts'
import { effectiveLogConfig, translateLog } from '../../src/engine/translate/log.ts'
import { parseDeviceRules, translateResources } from '../../src/engine/translate/resources.ts'
import { translateUlimits } from '../../src/engine/translate/rlimits.ts'
import { splitDeviceNumber } from '../../src/runtime/device-node.ts'

const code = 'ENGINE_REQUEST_INVALID'
const translate = (host: HostConfig) => translateResources(host, 2, () => ({ major: 8, minor: 0 }))
const MiB = 2 ** 20

test('nothing asked for is no limit', () => assert.deepEqual(translate({}), {}))

test('a limit of memory allows as much swap again', () => {
  assert.deepEqual(translate({ Memory: 64 * MiB }).memory, { limit: 64 * MiB, swap: 128 * MiB })
  assert.deepEqual(translate({ Memory: 64 * MiB, MemorySwap: -1 }).memory, { limit: 64 * MiB, swap: -1 })
})

test('parts of a processor become a quota', () => {
  assert.deepEqual(translate({ NanoCpus: 1.5e9 }).cpu, { quota: 150_000, period: 100_000 })
  assert.deepEqual(translate({ CpuShares: 512, CpusetCpus: '0-1' }).cpu, { shares: 512, cpus: '0-1' })
})

test('a limit of processes of 0 is none, and -1 says that there shall be none', () => {
  assert.deepEqual(translate({ PidsLimit: 10 }).pids, { limit: 10 })
  assert.deepEqual(translate({ PidsLimit: -1 }).pids, { limit: -1 })
  for (const PidsLimit of [0, null]) assert.equal(translate({ PidsLimit }).pids, undefined)
})

test('block devices are given by path', () => {
  assert.deepEqual(translate({ BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1000 }] }).blockIO, {
    throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }],
  })
})

for (const [host, message] of [
  [{ Memory: MiB }, 'Minimum memory limit allowed is 6MB'],
  [
    { Memory: 64 * MiB, MemorySwap: 32 * MiB },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [{ MemorySwap: MiB }, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
  [{ NanoCpus: 3e9 }, 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [{ NanoCpus: 1e9, CpuQuota: 5000 }, 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
  [{ CpuQuota: 10 }, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
] as const)
  test(`${JSON.stringify(host)} is refused in Docker's words`, () =>
    assert.throws(() => translate(host), { code, message }))

test('rules of the device cgroup', () => {
  assert.deepEqual(parseDeviceRules('c 1:* rwm'), [{ allow: true, type: 'c', major: 1, minor: -1, access: 'rwm' }])
  const loops = { allow: true, major: 7, minor: -1, access: 'mr' }
  assert.deepEqual(parseDeviceRules('a 7:* mr'), [
    { ...loops, type: 'b' },
    { ...loops, type: 'c' },
  ])
  assert.deepEqual(parseDeviceRules('a *:* rwm'), [{ allow: true, type: 'a', major: -1, minor: -1, access: 'rwm' }])
  for (const rule of ['x 1:1 r', 'c 1 r', 'c 1:1 q']) assert.throws(() => parseDeviceRules(rule), { code }, rule)
})

test('both halves of a device number have low and high bits', () => {
  assert.deepEqual(splitDeviceNumber(0x103), { major: 1, minor: 3 })
  // makedev(0x345, 0x12378), as stat(2) gives it
  assert.deepEqual(splitDeviceNumber(0x12334578), { major: 0x345, minor: 0x12378 })
})

test('open files are many by default, never more than the engine may have, and the container decides in the end', () => {
  const nofile = (own: { Name: string; Soft: number; Hard: number }[], hard: number) =>
    translateUlimits(own, [{ Name: 'core', Soft: 0, Hard: -1 }], hard).find(({ type }) => type === 'RLIMIT_NOFILE')
  assert.deepEqual(nofile([], 2 ** 30), { type: 'RLIMIT_NOFILE', soft: 1_048_576, hard: 1_048_576 })
  assert.deepEqual(nofile([], 4096), { type: 'RLIMIT_NOFILE', soft: 4096, hard: 4096 })
  assert.deepEqual(nofile([{ Name: 'nofile', Soft: 1, Hard: 2 }], 4096), { type: 'RLIMIT_NOFILE', soft: 1, hard: 2 })
  assert.throws(() => nofile([{ Name: 'nofile', Soft: 3, Hard: 2 }], 4096), { code })
  assert.throws(() => nofile([{ Name: 'wishes', Soft: 3, Hard: 3 }], 4096), { message: 'invalid ulimit type: wishes' })
})

test('a log is bounded unless somebody says otherwise', () => {
  const log = (Type: string, Config = {}) => translateLog({ Type, Config })
  assert.deepEqual(log('json-file'), { driver: 'file', maxSize: 20 * MiB, maxFiles: 5 })
  assert.deepEqual(log('local', { 'max-size': '1m' }), { driver: 'file', maxSize: MiB, maxFiles: 1 })
  assert.deepEqual(log('json-file', { 'max-size': '-1', 'max-file': '3' }), { driver: 'file', maxSize: 0, maxFiles: 3 })
  assert.equal(log('none').driver, 'none')
  assert.throws(() => log('syslog'), { message: 'not supported yet: log driver "syslog"' })
  assert.throws(() => log('json-file', { 'max-size': 'much' }), { code })
  assert.throws(() => log('json-file', { 'syslog-facility': 'x' }), { code: 'ENGINE_REQUEST_INVALID' })
})

test("the configuration's log options are for its own driver only", () => {
  const config = { logDriver: 'json-file', logOpts: { 'max-size': '1m' } }
  assert.deepEqual(effectiveLogConfig({}, config), { Type: 'json-file', Config: { 'max-size': '1m' } })
  assert.deepEqual(effectiveLogConfig({ Type: 'local' }, config), { Type: 'local', Config: {} })
})
