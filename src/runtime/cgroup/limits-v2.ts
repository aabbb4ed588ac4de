import type { ResourcesSpec, ThrottleDevice } from '../spec.ts'
import { type Setting, setting } from './setting.ts'

/** What cgroups v2 can carry of the limits (kernel documentation, admin-guide/cgroup-v2), and words for what it cannot. */
export function limitsV2({ memory = {}, cpu = {}, pids, blockIO = {} }: ResourcesSpec): {
  readonly settings: readonly Setting[]
  readonly warnings: readonly string[]
} {
  const { limit, reservation, swap, swappiness, kernelTCP, disableOOMKiller } = memory
  const { shares, quota, period, realtimeRuntime, realtimePeriod, cpus, mems } = cpu
  const swapAlone = swap === undefined ? undefined : swap < 0 ? 'max' : Math.max(0, swap - (limit ?? 0))
  const bandwidth = quota !== undefined || period !== undefined
  const settings = [
    ...setting('memory', 'memory.max', 'memory limit', limit === undefined || limit >= 0 ? limit : 'max'),
    ...setting('memory', 'memory.swap.max', 'swap limit', swapAlone),
    ...setting('memory', 'memory.low', 'memory reservation', reservation),

    ...setting('cpu', 'cpu.weight', 'CPU shares', shares && weightOfShares(shares)),
    ...setting(
      'cpu',
      'cpu.max',
      'CPU quota',
      bandwidth ? `${(quota ?? -1) > 0 ? quota : 'max'} ${period ?? 100_000}` : undefined,
    ),
    ...setting('cpuset', 'cpuset.cpus', 'choice of CPUs', cpus, { readBack: false }),
    ...setting('cpuset', 'cpuset.mems', 'choice of memory nodes', mems, { readBack: false }),

    ...setting('pids', 'pids.max', 'process limit', pids && (pids.limit > 0 ? pids.limit : 'max')),

    ...weight(blockIO.weight === undefined ? undefined : `default ${ioWeight(blockIO.weight)}`),
    ...(blockIO.weightDevice ?? []).flatMap(device =>
      weight(`${device.major}:${device.minor} ${ioWeight(device.weight)}`),
    ),
    ...throttle('rbps', 'block read rate', blockIO.throttleReadBpsDevice),
    ...throttle('wbps', 'block write rate', blockIO.throttleWriteBpsDevice),
    ...throttle('riops', 'block read operations', blockIO.throttleReadIOPSDevice),
    ...throttle('wiops', 'block write operations', blockIO.throttleWriteIOPSDevice),
  ]
  const missing = [
    swappiness !== undefined && 'swappiness is ignored: the memory controller of cgroup v2 has none',
    disableOOMKiller && 'the OOM killer stays enabled: the memory controller of cgroup v2 cannot disable it',
    kernelTCP !== undefined &&
      'the limit of TCP buffers is ignored: the memory controller of cgroup v2 has none by itself',
    (realtimeRuntime ?? realtimePeriod) !== undefined &&
      'realtime CPU runtime is ignored: the cpu controller of cgroup v2 has none',
  ]
  return { settings, warnings: missing.filter(warning => typeof warning === 'string') }
}

/** CPU shares (2..262144, default 1024) on the scale of cpu.weight (1..10000), the linear map of runc and systemd. */
export const weightOfShares = (shares: number): number =>
  1 + Math.floor(((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142)

export const sharesOfWeight = (weight: number): number => 2 + Math.ceil(((weight - 1) * 262_142) / 9999)

/** Docker's block I/O weight (10..1000) on the scale of io.weight (1..10000). */
export const ioWeight = (weight: number): number => 1 + Math.floor(((weight - 10) * 9999) / 990)

export const weightOfIo = (weight: number): number => 10 + Math.ceil(((weight - 1) * 990) / 9999)

const weight = (value: string | undefined) =>
  setting('io', ['io.bfq.weight', 'io.weight'], 'block I/O weight', value, { readBack: false })

const throttle = (key: string, limit: string, devices: readonly ThrottleDevice[] = []) =>
  devices.flatMap(({ major, minor, rate }) =>
    setting('io', 'io.max', limit, `${major}:${minor} ${key}=${rate > 0 ? rate : 'max'}`, { readBack: false }),
  )
