import type { ResourcesSpec, ThrottleDevice } from '../spec.ts'
import { type Setting, setting } from './setting.ts'

/** The files of cgroups v1 that carry the limits (kernel documentation, admin-guide/cgroup-v1). */
export function limitsV1({ memory = {}, cpu = {}, pids, blockIO = {} }: ResourcesSpec): readonly Setting[] {
  const { limit, reservation, swap, swappiness, kernelTCP, disableOOMKiller } = memory
  const { shares, quota, period, realtimeRuntime, realtimePeriod, cpus, mems } = cpu
  return [
    ...setting('memory', 'memory.limit_in_bytes', 'memory limit', limit),
    ...setting('memory', 'memory.memsw.limit_in_bytes', 'swap limit', swap),
    ...setting('memory', 'memory.soft_limit_in_bytes', 'memory reservation', reservation),
    ...setting('memory', 'memory.swappiness', 'swappiness', swappiness),
    ...setting('memory', 'memory.kmem.tcp.limit_in_bytes', 'limit of TCP buffers', kernelTCP),
    ...setting('memory', 'memory.oom_control', 'disabling of the OOM killer', disableOOMKiller ? 1 : undefined, {
      readBack: false,
    }),

    ...setting('cpu', 'cpu.shares', 'CPU shares', shares),
    // The period first: the kernel checks a quota against the period that is set.
    ...setting('cpu', 'cpu.cfs_period_us', 'CPU period', period),
    ...setting('cpu', 'cpu.cfs_quota_us', 'CPU quota', quota),
    ...setting('cpu', 'cpu.rt_period_us', 'realtime CPU period', realtimePeriod),
    ...setting('cpu', 'cpu.rt_runtime_us', 'realtime CPU runtime', realtimeRuntime),
    ...setting('cpuset', 'cpuset.cpus', 'choice of CPUs', cpus, { readBack: false }),
    ...setting('cpuset', 'cpuset.mems', 'choice of memory nodes', mems, { readBack: false }),

    ...setting('pids', 'pids.max', 'process limit', pids && (pids.limit > 0 ? pids.limit : 'max')),

    ...setting('blkio', ['blkio.weight', 'blkio.bfq.weight'], 'block I/O weight', blockIO.weight),
    ...(blockIO.weightDevice ?? []).flatMap(({ major, minor, weight }) => {
      const files = ['blkio.weight_device', 'blkio.bfq.weight_device']
      return setting('blkio', files, 'block I/O weight of a device', `${major}:${minor} ${weight}`, { readBack: false })
    }),
    ...throttle('blkio.throttle.read_bps_device', 'block read rate', blockIO.throttleReadBpsDevice),
    ...throttle('blkio.throttle.write_bps_device', 'block write rate', blockIO.throttleWriteBpsDevice),
    ...throttle('blkio.throttle.read_iops_device', 'block read operations', blockIO.throttleReadIOPSDevice),
    ...throttle('blkio.throttle.write_iops_device', 'block write operations', blockIO.throttleWriteIOPSDevice),
  ]
}

const throttle = (file: string, limit: string, devices: readonly ThrottleDevice[] = []) =>
  devices.flatMap(({ major, minor, rate }) =>
    setting('blkio', file, limit, `${major}:${minor} ${rate}`, { readBack: false }),
  )
