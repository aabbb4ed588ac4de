import type { DeviceRule, ResourcesSpec } from '../../runtime/spec.ts'
import type { HostConfig } from '../api.ts'
import { invalid } from '../failures.ts'

const SMALLEST_MEMORY = 6 * 2 ** 20

/** The number of a device file by its path, for block I/O limits. */
export type DeviceNumber = (path: string) => { readonly major: number; readonly minor: number }

/**
 * Limits of a container's cgroup.
 * @param processors how many the machine has
 * @throws TscomposeError ENGINE_REQUEST_INVALID in Docker's words (moby daemon/daemon_unix.go)
 */
export function translateResources(host: HostConfig, processors: number, deviceNumber: DeviceNumber): ResourcesSpec {
  if (host.KernelMemory) {
    throw invalid('KernelMemory: Linux has no limit of kernel memory by itself any more; it counts as memory')
  }
  const memory = translateMemory(host)
  const cpu = translateCpu(host, processors)
  const blockIO = translateBlockIO(host, deviceNumber)
  const devices = (host.DeviceCgroupRules ?? []).flatMap(parseDeviceRules)
  return {
    ...(memory && { memory }),
    ...(cpu && { cpu }),
    ...(host.PidsLimit && { pids: { limit: host.PidsLimit } }),
    ...(blockIO && { blockIO }),
    ...(devices.length > 0 && { devices }),
  }
}

/** Leaves out what is undefined; undefined if nothing is left. */
function given<T extends object>(fields: { readonly [Key in keyof T]: T[Key] | undefined }): T | undefined {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return entries.length > 0 ? (Object.fromEntries(entries) as T) : undefined
}

function translateMemory({
  Memory = 0,
  MemoryReservation = 0,
  MemorySwap = 0,
  MemorySwappiness = -1,
  KernelMemoryTCP = 0,
  OomKillDisable,
}: HostConfig): ResourcesSpec['memory'] {
  if (Memory !== 0 && Memory < SMALLEST_MEMORY) throw invalid('Minimum memory limit allowed is 6MB')
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage')
  }
  if (Memory === 0 && MemorySwap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage')
  }
  if (MemorySwappiness < -1 || MemorySwappiness > 100) {
    throw invalid(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`)
  }
  if (MemoryReservation > 0 && MemoryReservation < SMALLEST_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB')
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage')
  }
  return given<NonNullable<ResourcesSpec['memory']>>({
    limit: Memory || undefined,
    reservation: MemoryReservation || undefined,
    // By default, as much swap as memory.
    swap: MemorySwap || (Memory ? Memory * 2 : undefined),
    swappiness: MemorySwappiness >= 0 ? MemorySwappiness : undefined,
    kernelTCP: KernelMemoryTCP || undefined,
    disableOOMKiller: OomKillDisable || undefined,
  })
}

function translateCpu(host: HostConfig, processors: number): ResourcesSpec['cpu'] {
  const { NanoCpus = 0, CpuPeriod = 0, CpuQuota = 0, CpuShares = 0 } = host
  if (NanoCpus && CpuPeriod) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set')
  if (NanoCpus && CpuQuota) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set')
  if (NanoCpus < 0 || NanoCpus > processors * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${processors}.00, as there are only ${processors} CPUs available`)
  }
  if (CpuPeriod && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)')
  }
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)')
  if (CpuShares < 0) throw invalid(`invalid CPU shares (${CpuShares}): value must be a positive integer`)
  const period = NanoCpus ? 100_000 : CpuPeriod
  return given<NonNullable<ResourcesSpec['cpu']>>({
    shares: CpuShares || undefined,
    quota: NanoCpus ? Math.floor((NanoCpus * period) / 1e9) : CpuQuota || undefined,
    period: period || undefined,
    realtimeRuntime: host.CpuRealtimeRuntime || undefined,
    realtimePeriod: host.CpuRealtimePeriod || undefined,
    cpus: host.CpusetCpus || undefined,
    mems: host.CpusetMems || undefined,
  })
}

function translateBlockIO(host: HostConfig, deviceNumber: DeviceNumber): ResourcesSpec['blockIO'] {
  const { BlkioWeight = 0 } = host
  if (BlkioWeight && (BlkioWeight < 10 || BlkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000')
  }
  const throttle = (devices: HostConfig['BlkioDeviceReadBps']) =>
    devices?.length ? devices.map(({ Path, Rate }) => ({ ...deviceNumber(Path), rate: Rate })) : undefined
  return given<NonNullable<ResourcesSpec['blockIO']>>({
    weight: BlkioWeight || undefined,
    weightDevice: host.BlkioWeightDevice?.length
      ? host.BlkioWeightDevice.map(({ Path, Weight }) => ({ ...deviceNumber(Path), weight: Weight }))
      : undefined,
    throttleReadBpsDevice: throttle(host.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttle(host.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttle(host.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttle(host.BlkioDeviceWriteIOps),
  })
}

/**
 * `c 1:3 rwm`, with `*` for any number (cgroups v1, devices.rst). `a 7:*` means block and character devices of that
 * number: cgroups v1 would take the `a` alone, and open all devices of the machine.
 */
export function parseDeviceRules(rule: string): DeviceRule[] {
  const match = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/.exec(rule)
  if (!match) throw invalid(`invalid device cgroup rule format: '${rule}'`)
  const [, type = 'a', major, minor, access = ''] = match
  const number = (text = '*') => (text === '*' ? -1 : Number(text))
  const numbers = { allow: true, major: number(major), minor: number(minor), access } as const
  const everything = type === 'a' && rule.includes('*:*') && ['r', 'w', 'm'].every(letter => access.includes(letter))
  if (type === 'a' && !everything)
    return [
      { ...numbers, type: 'b' },
      { ...numbers, type: 'c' },
    ]
  return [{ ...numbers, type: type as DeviceRule['type'] }]
}
