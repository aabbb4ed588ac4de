import { totalmem } from 'node:os'
import type { ContainerStats } from '../runtime.ts'
import type { CgroupFiles } from './setting.ts'
import { parseKeyed } from './tree.ts'

/** Reads the counters of cgroups v1; what a machine does not count is 0. */
export function statsV1(files: CgroupFiles): ContainerStats {
  const text = (controller: string, file: string): string => {
    try {
      return files.read(controller, file)
    } catch {
      return ''
    }
  }
  const number = (controller: string, file: string) => Number(text(controller, file)) || 0
  const bandwidth = parseKeyed(text('cpu', 'cpu.stat'))
  const pidsLimit = text('pids', 'pids.max').trim()
  return {
    read: new Date(),
    cpu: {
      totalUsage: number('cpuacct', 'cpuacct.usage'),
      usageInKernelmode: number('cpuacct', 'cpuacct.usage_sys'),
      usageInUsermode: number('cpuacct', 'cpuacct.usage_user'),
      periods: bandwidth.nr_periods ?? 0,
      throttledPeriods: bandwidth.nr_throttled ?? 0,
      throttledTime: bandwidth.throttled_time ?? 0,
    },
    memory: {
      usage: number('memory', 'memory.usage_in_bytes'),
      maxUsage: number('memory', 'memory.max_usage_in_bytes'),
      limit: Math.min(number('memory', 'memory.limit_in_bytes') || Number.POSITIVE_INFINITY, totalmem()),
      stats: parseKeyed(text('memory', 'memory.stat')),
    },
    blockIO: parseBlkio(
      text('blkio', 'blkio.throttle.io_service_bytes_recursive'),
      text('blkio', 'blkio.throttle.io_serviced_recursive'),
    ),
    pids: { current: number('pids', 'pids.current'), limit: pidsLimit === 'max' ? 0 : Number(pidsLimit) },
  }
}

/** Lines such as `254:0 Read 4096`; the last line is a total. */
function parseBlkio(bytes: string, operations: string): ContainerStats['blockIO'] {
  const counts = new Map(rows(operations).map(({ key, count }) => [key, count]))
  return rows(bytes).flatMap(({ key, major, minor, op, count }) =>
    op === 'read' || op === 'write'
      ? [{ major, minor, op, bytes: count, operations: counts.get(key) ?? 0 } as const]
      : [],
  )
}

const rows = (text: string) =>
  [...text.matchAll(/^((\d+):(\d+) (\w+)) (\d+)$/gm)].map(([, key = '', major, minor, op = '', count]) => ({
    key,
    major: Number(major),
    minor: Number(minor),
    op: op.toLowerCase(),
    count: Number(count),
  }))
