import type { BlkioStatEntry, ContainerStatsResponse } from '../../engine/api.ts'
import { binarySize, humanSize } from './human-size.ts'

/** A container as `stats` prints it: the fields of its JSON and of its templates, in docker's order. */
export interface StatsFields {
  readonly BlockIO: string
  readonly CPUPerc: string
  readonly Container: string
  readonly ID: string
  readonly MemPerc: string
  readonly MemUsage: string
  readonly Name: string
  readonly NetIO: string
  readonly PIDs: string
}

/** Which container, and what it uses: undefined before its first reading. */
export interface StatsOf {
  readonly id: string
  /** Without a slash. */
  readonly name: string
  readonly stats: ContainerStatsResponse | undefined
}

export function statsFields({ id, name, stats }: StatsOf, { trunc }: { readonly trunc: boolean }): StatsFields {
  const container = id.slice(0, 12)
  const fields = (use: Omit<StatsFields, 'Container' | 'ID' | 'Name'>): StatsFields => ({
    BlockIO: use.BlockIO,
    CPUPerc: use.CPUPerc,
    Container: container,
    ID: trunc ? container : id,
    MemPerc: use.MemPerc,
    MemUsage: use.MemUsage,
    Name: name,
    NetIO: use.NetIO,
    PIDs: use.PIDs,
  })
  if (!stats)
    return fields({ BlockIO: '--', CPUPerc: '--', MemPerc: '--', MemUsage: '-- / --', NetIO: '--', PIDs: '--' })
  const { memory_stats: memory, networks = {}, blkio_stats: blkio, pids_stats: pids } = stats
  const used = memoryInUse(memory)
  const limit = memory.limit ?? 0
  const network = Object.values(networks)
  const received = sum(network.map(({ rx_bytes }) => rx_bytes))
  const sent = sum(network.map(({ tx_bytes }) => tx_bytes))
  const blocks = blkio.io_service_bytes_recursive ?? []
  return fields({
    BlockIO: `${humanSize(bytesOf(blocks, 'read'), 3)} / ${humanSize(bytesOf(blocks, 'write'), 3)}`,
    CPUPerc: percent(processorUse(stats)),
    MemPerc: percent(limit > 0 ? (used / limit) * 100 : 0),
    MemUsage: `${binarySize(used)} / ${binarySize(limit)}`,
    NetIO: `${humanSize(received, 3)} / ${humanSize(sent, 3)}`,
    PIDs: String(pids.current ?? 0),
  })
}

/** In percent of one processor. */
function processorUse({ cpu_stats: now, precpu_stats: before }: ContainerStatsResponse): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0)
  return used > 0 && passed > 0 ? (used / passed) * (now.online_cpus ?? 1) * 100 : 0
}

/** Without what the kernel would give back at once: the names are those of cgroup v1 and v2. */
function memoryInUse({ usage = 0, stats = {} }: ContainerStatsResponse['memory_stats']): number {
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0
  return cache < usage ? usage - cache : usage
}

const bytesOf = (entries: readonly BlkioStatEntry[], kind: string): number =>
  sum(entries.filter(({ op }) => op.toLowerCase() === kind).map(({ value }) => value))

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
const percent = (number: number): string => `${number.toFixed(2)}%`

/** The headers of a template's fields. */
export const statsHeaders: Readonly<Record<keyof StatsFields, string>> = {
  Container: 'CONTAINER',
  ID: 'CONTAINER ID',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
}

/** The columns of the table. */
export const statsColumns = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'] as const
