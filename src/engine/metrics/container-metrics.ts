import { readFileSync } from 'node:fs'
import type { InterfaceStats } from '../../network/network.ts'
import type { ContainerStats } from '../../runtime/runtime.ts'
import type { Container } from '../container/container.ts'
import type { Reading } from '../stats/sampler.ts'
import type { Metric, Sample } from './exposition.ts'

/** A container and what was counted for it; undefined while it does not run. */
export interface Observed {
  readonly container: Container
  readonly reading: Reading | undefined
}

/** A row: a metric under cAdvisor's name, and what its samples are for one container. */
export interface ContainerMetric extends Metric {
  readonly samples: (observed: Observed) => readonly Sample[]
}

type Value = number | undefined
const sample = (value: Value): readonly Sample[] => (value === undefined ? [] : [{ value }])

const metric =
  (type: Metric['type']) =>
  (name: string, help: string, samples: ContainerMetric['samples']): ContainerMetric => ({ name, type, help, samples })
const [counter, gauge] = [metric('counter'), metric('gauge')]

/** Of a container that runs. */
const counted =
  (value: (stats: ContainerStats) => Value): ContainerMetric['samples'] =>
  ({ reading }) =>
    reading ? sample(value(reading.stats)) : []

const seconds = (nanoseconds: number): number => nanoseconds / 1e9

/** Only a container with a quota is ever throttled. */
const throttled = (value: (cpu: ContainerStats['cpu']) => number) =>
  counted(({ cpu }) => (cpu.periods > 0 ? value(cpu) : undefined))

/** Lines of memory.stat of cgroup v1, where those with `total_` include what is nested, or of v2. */
const memory = (v1: string, v2: string) => counted(({ memory: { stats } }) => stats[v1] ?? stats[v2])

const faults: ContainerMetric['samples'] = ({ reading }) => {
  if (!reading) return []
  const { stats } = reading.stats.memory
  return ['pgfault', 'pgmajfault'].map(name => ({
    labels: { failure_type: name, scope: 'hierarchy' },
    value: stats[`total_${name}`] ?? stats[name] ?? 0,
  }))
}

const network =
  (value: (stats: InterfaceStats) => number): ContainerMetric['samples'] =>
  ({ reading }) =>
    (reading?.networks ?? []).map(one => ({ labels: { interface: one.name }, value: value(one) }))

const disk =
  (kind: 'read' | 'write', count: 'bytes' | 'operations'): ContainerMetric['samples'] =>
  ({ reading }) =>
    (reading?.stats.blockIO ?? [])
      .filter(({ op }) => op === kind)
      .map(({ major, minor, [count]: value }) => ({ labels: { device: deviceName(major, minor) }, value }))

const deviceNames = new Map<string, string>()
function deviceName(major: number, minor: number): string {
  const number = `${major}:${minor}`
  let name = deviceNames.get(number)
  if (name === undefined) {
    try {
      const uevent = readFileSync(`/sys/dev/block/${number}/uevent`, 'latin1')
      name = `/dev/${/^DEVNAME=(.*)$/m.exec(uevent)?.[1] ?? number}`
    } catch {
      name = number // it has gone
    }
    deviceNames.set(number, name)
  }
  return name
}

/** 0: no limit. */
const asked = (key: 'Memory' | 'MemoryReservation' | 'MemorySwap' | 'CpuShares' | 'CpuPeriod') =>
  (({ container }) => sample(Math.max(0, container.record.hostConfig[key] ?? 0))) satisfies ContainerMetric['samples']

const health: ContainerMetric['samples'] = ({ container }) => {
  if (!container.run) return []
  return sample(container.health ? Number(container.health.status === 'healthy') : -1)
}

const startTime: ContainerMetric['samples'] = ({ container: { state } }) =>
  'startedAt' in state ? sample(Date.parse(state.startedAt) / 1000) : []

export const containerMetrics: readonly ContainerMetric[] = [
  counter('container_cpu_usage_seconds_total', 'Processor time used, in seconds.', ({ reading }) =>
    reading ? [{ labels: { cpu: 'total' }, value: seconds(reading.stats.cpu.totalUsage) }] : [],
  ),
  counter(
    'container_cpu_user_seconds_total',
    'Processor time in user mode, in seconds.',
    counted(({ cpu }) => seconds(cpu.usageInUsermode)),
  ),
  counter(
    'container_cpu_system_seconds_total',
    'Processor time in the kernel, in seconds.',
    counted(({ cpu }) => seconds(cpu.usageInKernelmode)),
  ),
  counter(
    'container_cpu_cfs_periods_total',
    'Periods in which it could run.',
    throttled(cpu => cpu.periods),
  ),
  counter(
    'container_cpu_cfs_throttled_periods_total',
    'Periods in which it was throttled.',
    throttled(cpu => cpu.throttledPeriods),
  ),
  counter(
    'container_cpu_cfs_throttled_seconds_total',
    'Time for which it was throttled, in seconds.',
    throttled(cpu => seconds(cpu.throttledTime)),
  ),

  gauge(
    'container_memory_usage_bytes',
    'Memory in use, caches included.',
    counted(({ memory }) => memory.usage),
  ),
  gauge(
    'container_memory_max_usage_bytes',
    'The most memory it has used.',
    counted(({ memory }) => memory.maxUsage),
  ),
  gauge(
    'container_memory_working_set_bytes',
    'Memory in use without what could be given back at once.',
    counted(({ memory: { usage, stats } }) =>
      Math.max(0, usage - (stats.total_inactive_file ?? stats.inactive_file ?? 0)),
    ),
  ),
  gauge('container_memory_cache', 'Page cache, in bytes.', memory('total_cache', 'file')),
  gauge('container_memory_rss', 'Anonymous memory, in bytes.', memory('total_rss', 'anon')),
  gauge(
    'container_memory_mapped_file',
    'Files mapped into memory, in bytes.',
    memory('total_mapped_file', 'file_mapped'),
  ),
  gauge(
    'container_memory_swap',
    'Swap in use, in bytes.',
    counted(({ memory }) => memory.swap),
  ),
  counter(
    'container_memory_failcnt',
    'How often the limit of memory was met.',
    counted(({ memory }) => memory.failcnt),
  ),
  counter('container_memory_failures_total', 'Page faults.', faults),
  counter(
    'container_oom_events_total',
    'Processes killed for want of memory.',
    counted(({ memory }) => memory.oomKills),
  ),

  counter(
    'container_network_receive_bytes_total',
    'Bytes received.',
    network(one => one.rxBytes),
  ),
  counter(
    'container_network_receive_packets_total',
    'Packets received.',
    network(one => one.rxPackets),
  ),
  counter(
    'container_network_receive_errors_total',
    'Errors while receiving.',
    network(one => one.rxErrors),
  ),
  counter(
    'container_network_receive_packets_dropped_total',
    'Packets dropped while receiving.',
    network(one => one.rxDropped),
  ),
  counter(
    'container_network_transmit_bytes_total',
    'Bytes sent.',
    network(one => one.txBytes),
  ),
  counter(
    'container_network_transmit_packets_total',
    'Packets sent.',
    network(one => one.txPackets),
  ),
  counter(
    'container_network_transmit_errors_total',
    'Errors while sending.',
    network(one => one.txErrors),
  ),
  counter(
    'container_network_transmit_packets_dropped_total',
    'Packets dropped while sending.',
    network(one => one.txDropped),
  ),

  counter('container_fs_reads_bytes_total', 'Bytes read from block devices.', disk('read', 'bytes')),
  counter('container_fs_writes_bytes_total', 'Bytes written to block devices.', disk('write', 'bytes')),
  counter('container_fs_reads_total', 'Reads from block devices.', disk('read', 'operations')),
  counter('container_fs_writes_total', 'Writes to block devices.', disk('write', 'operations')),

  gauge(
    'container_threads',
    'Threads in it, which the limit of processes counts.',
    counted(({ pids }) => pids.current),
  ),
  gauge(
    'container_threads_max',
    'The limit of processes and threads; 0: none.',
    counted(({ pids }) => pids.limit),
  ),
  gauge('container_processes', 'Processes in it.', ({ container }) => sample(container.run?.process.pids().length)),

  gauge(
    'container_last_seen',
    'When it was looked at, in seconds since the epoch.',
    counted(({ read }) => Math.floor(read.getTime() / 1000)),
  ),
  gauge('container_start_time_seconds', 'When it was started last, in seconds since the epoch.', startTime),
  gauge('container_health_state', 'Its health check: 1 healthy, 0 not, -1 it has none.', health),
  counter('container_restarts_total', 'How often its restart policy has restarted it.', ({ container }) =>
    sample(container.record.restartCount),
  ),

  gauge('container_spec_memory_limit_bytes', 'Limit of memory; 0: none.', asked('Memory')),
  gauge('container_spec_memory_reservation_limit_bytes', 'Reservation of memory; 0: none.', asked('MemoryReservation')),
  gauge('container_spec_memory_swap_limit_bytes', 'Limit of memory and swap; 0: none.', asked('MemorySwap')),
  gauge('container_spec_cpu_shares', 'Its share of the processors; 0: as everybody.', asked('CpuShares')),
  gauge(
    'container_spec_cpu_quota',
    'Processor time in each period, in microseconds.',
    ({
      container: {
        record: { hostConfig },
      },
    }) => sample(hostConfig.NanoCpus ? hostConfig.NanoCpus / 1e4 : hostConfig.CpuQuota || undefined),
  ),
  gauge(
    'container_spec_cpu_period',
    'Length of a period, in microseconds.',
    ({
      container: {
        record: { hostConfig },
      },
    }) => sample(hostConfig.CpuPeriod || 100_000),
  ),
]
