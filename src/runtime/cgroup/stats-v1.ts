import { totalmem } from 'node:os'
import type { ContainerStats } from '../runtime.ts'
import type { ReadableFiles } from './setting.ts'
import { parseKeyed } from './tree.ts'

/** Reads the counters of cgroups v1; what a machine does not count is 0. */
export function statsV1(files: ReadableFiles): ContainerStats {
  const text = (controller: string, file: string): string => {
    try {
      return files.read(controller, file)
    } catch {
      return ''
    }
  }
  const number = (controller: string, file: string) => Number(text(controller, file)) || 0
  const percpu = text('cpuacct', 'cpuacct.usage_percpu').trim().split(' ').map(Number)
  const [inUser, inKernel] = userAndKernel(text('cpuacct', 'cpuacct.usage_all'))
  const memory = parseKeyed(text('memory', 'memory.stat'))
  const bandwidth = parseKeyed(text('cpu', 'cpu.stat'))
  const pidsLimit = text('pids', 'pids.max').trim()
  return {
    read: new Date(),
    cpu: {
      totalUsage: percpu.reduce((sum, usage) => sum + usage, 0),
      percpuUsage: percpu,
      usageInKernelmode: inKernel,
      usageInUsermode: inUser,
      periods: bandwidth.nr_periods ?? 0,
      throttledPeriods: bandwidth.nr_throttled ?? 0,
      throttledTime: bandwidth.throttled_time ?? 0,
    },
    memory: {
      usage: number('memory', 'memory.usage_in_bytes'),
      maxUsage: number('memory', 'memory.max_usage_in_bytes'),
      limit: Math.min(number('memory', 'memory.limit_in_bytes') || Number.POSITIVE_INFINITY, totalmem()),
      failcnt: number('memory', 'memory.failcnt'),
      oomKills: parseKeyed(text('memory', 'memory.oom_control')).oom_kill ?? 0,
      swap: memory.total_swap ?? 0,
      stats: memory,
    },
    blockIO: parseBlkio(
      text('blkio', 'blkio.throttle.io_service_bytes_recursive'),
      text('blkio', 'blkio.throttle.io_serviced_recursive'),
    ),
    pids: { current: number('pids', 'pids.current'), limit: pidsLimit === 'max' ? 0 : Number(pidsLimit) },
  }
}

/** The sums of lines such as `0 12345 678`: processor, time in user mode, time in the kernel. */
function userAndKernel(text: string): [user: number, kernel: number] {
  const sums: [number, number] = [0, 0]
  for (const [, user, kernel] of text.matchAll(/^\d+ (\d+) (\d+)$/gm)) {
    sums[0] += Number(user)
    sums[1] += Number(kernel)
  }
  return sums
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
