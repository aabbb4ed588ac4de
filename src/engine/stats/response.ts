import type { ContainerStats } from '../../runtime/runtime.ts'
import type { BlkioStatEntry, ContainerCPUStats, ContainerStatsResponse } from '../api.ts'
import type { Container } from '../container/container.ts'
import { NEVER } from '../time.ts'
import type { Observation, Reading } from './sampler.ts'

/** `GET /containers/{id}/stats`. What does not run has the shape, and nothing but zeros in it. */
export function statsResponse({ id, name }: Container, { now, before }: Observation): ContainerStatsResponse {
  const identity = { name: `/${name}`, id }
  if (!now) {
    const nothing = { cpu_stats: noCPU, precpu_stats: noCPU, memory_stats: {}, blkio_stats: blkioStats([]) }
    return { ...identity, read: NEVER, preread: NEVER, pids_stats: {}, num_procs: 0, storage_stats: {}, ...nothing }
  }
  const { memory, pids, read, blockIO } = now.stats
  return {
    ...identity,
    read: read.toISOString(),
    preread: before?.stats.read.toISOString() ?? NEVER,
    pids_stats: { current: pids.current, ...(pids.limit > 0 && { limit: pids.limit }) },
    blkio_stats: blkioStats(blockIO),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuStats(now),
    precpu_stats: before ? cpuStats(before) : noCPU,
    memory_stats: {
      usage: memory.usage,
      max_usage: memory.maxUsage,
      stats: memory.stats,
      failcnt: memory.failcnt,
      limit: memory.limit,
    },
    ...(now.networks && {
      networks: Object.fromEntries(
        now.networks.map(one => [
          one.name,
          {
            rx_bytes: one.rxBytes,
            rx_packets: one.rxPackets,
            rx_errors: one.rxErrors,
            rx_dropped: one.rxDropped,
            tx_bytes: one.txBytes,
            tx_packets: one.txPackets,
            tx_errors: one.txErrors,
            tx_dropped: one.txDropped,
          },
        ]),
      ),
    }),
  }
}

const noCPU: ContainerCPUStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
}

const cpuStats = ({ stats: { cpu }, processors }: Reading): ContainerCPUStats => ({
  cpu_usage: {
    total_usage: cpu.totalUsage,
    ...(cpu.percpuUsage.length > 0 && { percpu_usage: [...cpu.percpuUsage] }),
    usage_in_kernelmode: cpu.usageInKernelmode,
    usage_in_usermode: cpu.usageInUsermode,
  },
  system_cpu_usage: processors.total,
  online_cpus: processors.online,
  throttling_data: {
    periods: cpu.periods,
    throttled_periods: cpu.throttledPeriods,
    throttled_time: cpu.throttledTime,
  },
})

/** What only the schedulers of older kernels counted is null, as with Docker. */
function blkioStats(blockIO: ContainerStats['blockIO']): ContainerStatsResponse['blkio_stats'] {
  const entries = (count: 'bytes' | 'operations'): BlkioStatEntry[] =>
    blockIO.map(({ major, minor, op, [count]: value }) => ({ major, minor, op, value }))
  return {
    io_service_bytes_recursive: entries('bytes'),
    io_serviced_recursive: entries('operations'),
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  }
}
