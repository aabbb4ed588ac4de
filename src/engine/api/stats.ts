export interface StatsOptions {
  /** A reading a second, rather than one; true by default. */
  stream?: boolean
  /** One reading at once, without an earlier one to compare it with. */
  oneShot?: boolean
}

export interface ContainerCPUStats {
  cpu_usage: {
    total_usage: number
    percpu_usage?: number[]
    usage_in_kernelmode: number
    usage_in_usermode: number
  }
  /** Absent where nothing was read. */
  system_cpu_usage?: number
  online_cpus?: number
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number }
}

export interface BlkioStatEntry {
  major: number
  minor: number
  op: string
  value: number
}

export interface ContainerNetworkStats {
  rx_bytes: number
  rx_packets: number
  rx_errors: number
  rx_dropped: number
  tx_bytes: number
  tx_packets: number
  tx_errors: number
  tx_dropped: number
}

/** `GET /containers/{id}/stats`; bytes and nanoseconds. */
export interface ContainerStatsResponse {
  /** With the slash of the API. */
  name: string
  id: string
  read: string
  preread: string
  pids_stats: { current?: number; limit?: number }
  blkio_stats: Record<
    | 'io_service_bytes_recursive'
    | 'io_serviced_recursive'
    | 'io_queue_recursive'
    | 'io_service_time_recursive'
    | 'io_wait_time_recursive'
    | 'io_merged_recursive'
    | 'io_time_recursive'
    | 'sectors_recursive',
    BlkioStatEntry[] | null
  >
  num_procs: number
  storage_stats: object
  cpu_stats: ContainerCPUStats
  precpu_stats: ContainerCPUStats
  memory_stats: {
    usage?: number
    max_usage?: number
    /** memory.stat, as the kernel names its lines */
    stats?: Readonly<Record<string, number>>
    failcnt?: number
    limit?: number
  }
  networks?: Record<string, ContainerNetworkStats>
}

export interface StatsOperations {
  /** Ends when `signal` aborts or the container is removed; without `stream`, with the first reading. */
  containerStats(id: string, options: StatsOptions, signal: AbortSignal): Promise<AsyncIterable<ContainerStatsResponse>>
}
