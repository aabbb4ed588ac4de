import type { ResourcesSpec, ThrottleDevice as ThrottleSpec } from '../../runtime/spec.ts'
import type { HostConfig, ThrottleDevice } from '../api.ts'

/**
 * The limits of a container that runs as the kernel has them: the opposite direction of resources.ts.
 * @param asked what the container was launched or updated with
 * @param found the same as it is in force; what is missing in it is a limit that the machine does not have
 */
export function effectiveHostConfig(host: HostConfig, asked: ResourcesSpec, found: ResourcesSpec): HostConfig {
  const { memory = {}, cpu = {}, blockIO = {} } = found
  /** A field that was asked for, with what there is instead; 0 stands for no limit. */
  const field = <Key extends keyof HostConfig>(key: Key, value: HostConfig[Key] | undefined) =>
    host[key] ? { [key]: value ?? 0 } : {}
  const rates = (
    key: 'BlkioDeviceReadBps' | 'BlkioDeviceWriteBps' | 'BlkioDeviceReadIOps' | 'BlkioDeviceWriteIOps',
    wanted: readonly ThrottleSpec[] | undefined,
    inForce: readonly ThrottleSpec[] | undefined,
  ) => (host[key]?.length ? { [key]: effectiveRates(host[key], wanted ?? [], inForce ?? []) } : {})
  return {
    ...host,
    ...field('Memory', positive(memory.limit)),
    ...field('MemorySwap', memory.swap),
    ...field('MemoryReservation', positive(memory.reservation)),
    ...field('KernelMemoryTCP', positive(memory.kernelTCP)),
    ...(asked.memory?.swappiness !== undefined && { MemorySwappiness: memory.swappiness ?? -1 }),
    ...(host.OomKillDisable && { OomKillDisable: memory.disableOOMKiller ?? false }),
    ...field('CpuShares', cpu.shares),
    ...field('CpuQuota', cpu.quota),
    ...field('CpuPeriod', cpu.period),
    ...field('NanoCpus', nanoCpus(cpu)),
    ...field('CpuRealtimePeriod', cpu.realtimePeriod),
    ...field('CpuRealtimeRuntime', cpu.realtimeRuntime),
    ...(host.CpusetCpus && { CpusetCpus: cpu.cpus ?? '' }),
    ...(host.CpusetMems && { CpusetMems: cpu.mems ?? '' }),
    ...(asked.pids && { PidsLimit: found.pids?.limit ?? 0 }),
    ...field('BlkioWeight', blockIO.weight),
    ...(host.BlkioWeightDevice?.length && {
      BlkioWeightDevice: host.BlkioWeightDevice.flatMap(({ Path }, index) => {
        const Weight = numbered(blockIO.weightDevice ?? [], asked.blockIO?.weightDevice?.[index])?.weight
        return Weight === undefined ? [] : [{ Path, Weight }]
      }),
    }),
    ...rates('BlkioDeviceReadBps', asked.blockIO?.throttleReadBpsDevice, blockIO.throttleReadBpsDevice),
    ...rates('BlkioDeviceWriteBps', asked.blockIO?.throttleWriteBpsDevice, blockIO.throttleWriteBpsDevice),
    ...rates('BlkioDeviceReadIOps', asked.blockIO?.throttleReadIOPSDevice, blockIO.throttleReadIOPSDevice),
    ...rates('BlkioDeviceWriteIOps', asked.blockIO?.throttleWriteIOPSDevice, blockIO.throttleWriteIOPSDevice),
  }
}

const positive = (value: number | undefined): number | undefined => (value !== undefined && value < 0 ? 0 : value)

const nanoCpus = ({ quota, period }: NonNullable<ResourcesSpec['cpu']>): number | undefined =>
  quota === undefined || quota < 0 || !period ? undefined : Math.round((quota / period) * 1e9)

/** The devices in the order in which they were asked for, by their paths. */
const effectiveRates = (
  devices: readonly ThrottleDevice[],
  asked: readonly ThrottleSpec[],
  found: readonly ThrottleSpec[],
): ThrottleDevice[] =>
  devices.flatMap(({ Path }, index) => {
    const Rate = numbered(found, asked[index])?.rate
    return Rate === undefined ? [] : [{ Path, Rate }]
  })

const numbered = <T extends { readonly major: number; readonly minor: number }>(
  devices: readonly T[],
  wanted: { readonly major: number; readonly minor: number } | undefined,
): T | undefined => devices.find(({ major, minor }) => major === wanted?.major && minor === wanted.minor)
