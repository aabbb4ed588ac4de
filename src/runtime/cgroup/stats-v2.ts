import { totalmem } from 'node:os'
import type { ContainerStats } from '../runtime.ts'
import type { ReadableFiles } from './setting.ts'
import { parseKeyed } from './tree.ts'

/** Reads the counters of cgroups v2; what a machine does not count is 0. */
export function statsV2(files: ReadableFiles): ContainerStats {
  const text = (file: string): string => {
    try {
      return files.read('', file)
    } catch {
      return ''
    }
  }
  const cpu = parseKeyed(text('cpu.stat'))
  const nanoseconds = (microseconds = 0) => microseconds * 1000
  const memoryEvents = parseKeyed(text('memory.events'))
  const usage = Number(text('memory.current')) || 0
  return {
    read: new Date(),
    cpu: {
      totalUsage: nanoseconds(cpu.usage_usec),
      percpuUsage: [],
      usageInKernelmode: nanoseconds(cpu.system_usec),
      usageInUsermode: nanoseconds(cpu.user_usec),
      periods: cpu.nr_periods ?? 0,
      throttledPeriods: cpu.nr_throttled ?? 0,
      throttledTime: nanoseconds(cpu.throttled_usec),
    },
    memory: {
      usage,
      maxUsage: Number(text('memory.peak')) || usage,
      swap: Number(text('memory.swap.current')) || 0,
      limit: Math.min(Number(text('memory.max')) || Number.POSITIVE_INFINITY, totalmem()),
      failcnt: memoryEvents.max ?? 0,
      oomKills: memoryEvents.oom_kill ?? 0,
      stats: parseKeyed(text('memory.stat')),
    },
    blockIO: text('io.stat').split('\n').flatMap(ioRow),
    pids: { current: Number(text('pids.current')) || 0, limit: Number(text('pids.max')) || 0 },
  }
}

/** A line such as `254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`. */
function ioRow(line: string): ContainerStats['blockIO'] {
  const [, major, minor, rest = ''] = /^(\d+):(\d+) (.*)$/.exec(line) ?? []
  if (major === undefined) return []
  const value = (key: string) => Number(new RegExp(`\\b${key}=(\\d+)`).exec(rest)?.[1] ?? 0)
  const device = { major: Number(major), minor: Number(minor) }
  return [
    { ...device, op: 'read', bytes: value('rbytes'), operations: value('rios') },
    { ...device, op: 'write', bytes: value('wbytes'), operations: value('wios') },
  ]
}
