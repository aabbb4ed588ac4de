import type { Filters, Labels } from './common.ts'
import type { ContainerSummary } from './container-state.ts'
import type { ImageSummary } from './image.ts'
import type { Volume } from './volume.ts'

export interface EventMessage {
  Type: 'builder' | 'container' | 'image' | 'network' | 'volume' | 'daemon'
  Action: string
  Actor: { ID: string; Attributes: Labels }
  scope: 'local'
  /** Unix seconds */
  time: number
  timeNano: number
}

export interface EventsOptions {
  since?: string
  until?: string
  filters?: Filters
}

export interface SystemVersion {
  Platform: { Name: string }
  Components: { Name: string; Version: string; Details: Labels }[]
  Version: string
  ApiVersion: string
  MinAPIVersion: string
  GitCommit: string
  GoVersion: string
  Os: string
  Arch: string
  KernelVersion: string
  BuildTime: string
}

/** `data-root` is not Docker's: all there is, logs and the engine's own files too. */
export type DiskUsageType = 'container' | 'image' | 'volume' | 'build-cache' | 'data-root'

/** A step of a build, or a directory that steps mount. */
export interface BuildCacheItem {
  ID: string
  Type: 'regular' | 'exec.cachemount'
  Description: string
  InUse: boolean
  /** An image has it, too: to remove it gains nothing. */
  Shared: boolean
  Size: number
  CreatedAt: string
  LastUsedAt: string
  UsageCount: number
}

export interface DataRootUsage {
  Path: string
  Size: number
  /** By the name of a file or directory in it. */
  Parts: Record<string, number>
}

/** `GET /system/df`: null for kinds that were not asked for. */
export interface SystemDataUsage {
  /** Bytes of all images: files and archives of layers, each counted once, configurations and manifests. */
  LayersSize: number
  Images: ImageSummary[] | null
  Containers: ContainerSummary[] | null
  Volumes: Volume[] | null
  BuildCache: BuildCacheItem[] | null
  /** Bytes of it that no image has. */
  BuilderSize: number
  DataRoot?: DataRootUsage
}

/** `GET /info`; the fields the docker client and common tools read. */
export interface SystemInfo extends Record<string, unknown> {
  ID: string
  Name: string
  Containers: number
  ContainersRunning: number
  ContainersPaused: number
  ContainersStopped: number
  Images: number
  Driver: string
  LoggingDriver: string
  Plugins: { Volume: string[]; Network: string[]; Authorization: null; Log: string[] }
  CgroupDriver: string
  CgroupVersion: string
  KernelVersion: string
  OperatingSystem: string
  OSType: string
  Architecture: string
  NCPU: number
  MemTotal: number
  DockerRootDir: string
  Debug: boolean
  RegistryConfig: { InsecureRegistryCIDRs: string[]; IndexConfigs: object; Mirrors: string[] }
  Runtimes: Record<string, object>
  DefaultRuntime: string
  InitBinary: string
  LiveRestoreEnabled: boolean
  SecurityOptions: string[]
  ServerVersion: string
  Warnings: string[]
}

export interface SystemOperations {
  systemPing(): Promise<void>
  systemVersion(): Promise<SystemVersion>
  systemInfo(): Promise<SystemInfo>
  systemDataUsage(options?: { types?: readonly DiskUsageType[] }): Promise<SystemDataUsage>
  /** Not of Docker: all containers for Prometheus, in its text format, under the names of cAdvisor. */
  systemMetrics(): Promise<string>
  /** Ends when `signal` aborts or `until` has passed. The subscription stands when the promise resolves. */
  systemEvents(options: EventsOptions, signal: AbortSignal): Promise<AsyncIterable<EventMessage>>
}
