import type { DeviceMapping, Resources, ThrottleDevice, Ulimit } from '../../engine/api.ts'
import { isQualifiedName } from '../../engine/cdi/name.ts'
import { parseDeviceRequests } from './device-requests.ts'
import type { CreateFlags } from './flags.ts'
import { badFlag, pair, some } from './parsed.ts'
import { bytesOf, bytesOrUnlimited, nanoCpus } from './sizes.ts'

/** The limits of a container; also those that `update` changes. */
export type LimitFlags = Pick<
  CreateFlags,
  | 'blkioWeight'
  | 'cpuPeriod'
  | 'cpuQuota'
  | 'cpuRtPeriod'
  | 'cpuRtRuntime'
  | 'cpuShares'
  | 'cpus'
  | 'cpusetCpus'
  | 'cpusetMems'
  | 'kernelMemory'
  | 'memory'
  | 'memoryReservation'
  | 'memorySwap'
  | 'pidsLimit'
>

export function parseLimits(flags: LimitFlags): Resources {
  const size = (text: string | undefined) => (text === undefined ? undefined : bytesOf(text))
  const { memorySwap, cpus } = flags
  if (flags.kernelMemory !== undefined)
    throw badFlag('--kernel-memory is not supported: kernels have taken it away; use --memory')
  return {
    ...some('BlkioWeight', flags.blkioWeight),
    ...some('CpuPeriod', flags.cpuPeriod),
    ...some('CpuQuota', flags.cpuQuota),
    ...some('CpuRealtimePeriod', flags.cpuRtPeriod),
    ...some('CpuRealtimeRuntime', flags.cpuRtRuntime),
    ...some('CpuShares', flags.cpuShares),
    ...some('CpusetCpus', flags.cpusetCpus),
    ...some('CpusetMems', flags.cpusetMems),
    ...some('Memory', size(flags.memory)),
    ...some('MemoryReservation', size(flags.memoryReservation)),
    ...some('MemorySwap', memorySwap === undefined ? undefined : bytesOrUnlimited(memorySwap)),
    ...some('NanoCpus', cpus === undefined ? undefined : nanoCpus(cpus)),
    ...some('PidsLimit', flags.pidsLimit),
  }
}

/** Everything of {@link Resources} that a container can be created with. */
export const parseResources = (flags: CreateFlags): Resources => ({
  ...parseLimits(flags),
  ...some('MemorySwappiness', flags.memorySwappiness),
  ...some('OomKillDisable', flags.oomKillDisable),
  ...some(
    'BlkioWeightDevice',
    flags.blkioWeightDevice?.map(text => {
      const [Path, Weight] = deviceAndNumber(text)
      if (!/^\d+$/.test(Weight)) throw badFlag(`invalid weight for device: ${text}`)
      return { Path, Weight: Number(Weight) }
    }),
  ),
  ...some('BlkioDeviceReadBps', flags.deviceReadBps?.map(bytesPerSecond)),
  ...some('BlkioDeviceWriteBps', flags.deviceWriteBps?.map(bytesPerSecond)),
  ...some('BlkioDeviceReadIOps', flags.deviceReadIops?.map(operationsPerSecond)),
  ...some('BlkioDeviceWriteIOps', flags.deviceWriteIops?.map(operationsPerSecond)),
  ...some('Devices', flags.device?.filter(text => !isQualifiedName(text)).map(parseDevice)),
  ...some('DeviceRequests', parseDeviceRequests(flags)),
  ...some('DeviceCgroupRules', flags.deviceCgroupRule?.map(checkDeviceRule)),
  ...some('Ulimits', flags.ulimit?.map(parseUlimit)),
  ...some('Init', flags.init),
})

/** `PATH:VALUE` */
function deviceAndNumber(text: string): [path: string, value: string] {
  const [path = '', value = '', ...rest] = text.split(':')
  if (value === '' || rest.length > 0) throw badFlag(`bad format: ${text}`)
  if (!path.startsWith('/dev/')) throw badFlag(`bad format for device path: ${text}`)
  return [path, value]
}

function bytesPerSecond(text: string): ThrottleDevice {
  const [Path, rate] = deviceAndNumber(text)
  return { Path, Rate: bytesOf(rate) }
}

function operationsPerSecond(text: string): ThrottleDevice {
  const [Path, rate] = deviceAndNumber(text)
  if (!/^\d+$/.test(rate)) throw badFlag(`invalid rate for device: ${text}. Rate must be a positive integer`)
  return { Path, Rate: Number(rate) }
}

/** `HOST[:CONTAINER][:rwm]` */
function parseDevice(text: string): DeviceMapping {
  const [host = '', second, third, ...rest] = text.split(':')
  const isMode = (word: string | undefined) => word !== undefined && /^[rwm]{1,3}$/.test(word)
  if (host === '' || rest.length > 0 || (third !== undefined && !isMode(third)))
    throw badFlag(`invalid device specification: ${text}`)
  const path = second === undefined || isMode(second) ? host : second
  const permissions = third ?? (isMode(second) ? second : undefined)
  return { PathOnHost: host, PathInContainer: path, CgroupPermissions: permissions ?? 'rwm' }
}

function checkDeviceRule(rule: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(rule)) throw badFlag(`invalid device cgroup format '${rule}'`)
  return rule
}

/** `nofile=1024:2048` */
export function parseUlimit(text: string): Ulimit {
  const [Name, value] = pair(text)
  const [, soft, hard] = /^(-1|\d+)(?::(-1|\d+))?$/.exec(value) ?? []
  if (soft === undefined) throw badFlag(`invalid ulimit argument: ${text}`)
  return { Name, Soft: Number(soft), Hard: Number(hard ?? soft) }
}
