import type { Labels } from './common.ts'

export interface HealthConfig {
  Test?: string[]
  Interval?: number
  Timeout?: number
  StartPeriod?: number
  StartInterval?: number
  Retries?: number
}

export interface ContainerConfig {
  Hostname?: string
  Domainname?: string
  User?: string
  AttachStdin?: boolean
  AttachStdout?: boolean
  AttachStderr?: boolean
  ExposedPorts?: Record<string, object>
  Tty?: boolean
  OpenStdin?: boolean
  StdinOnce?: boolean
  /** `NAME=value`; `NAME` alone takes the image's variable away. */
  Env?: string[]
  Cmd?: string[] | null
  Healthcheck?: HealthConfig
  Image: string
  Volumes?: Record<string, object>
  WorkingDir?: string
  Entrypoint?: string[] | null
  NetworkDisabled?: boolean
  MacAddress?: string
  Labels?: Labels
  StopSignal?: string
  /** seconds */
  StopTimeout?: number
  /** What runs a command that is given as text. */
  Shell?: string[]
}

export interface PortBinding {
  HostIp?: string
  HostPort?: string
}

export type PortMap = Record<string, PortBinding[] | null>

export interface RestartPolicy {
  Name: '' | 'no' | 'always' | 'unless-stopped' | 'on-failure'
  MaximumRetryCount?: number
}

export interface Mount {
  Target: string
  Source?: string
  Type: 'bind' | 'volume' | 'tmpfs' | 'image' | 'npipe' | 'cluster'
  ReadOnly?: boolean
  Consistency?: string
  BindOptions?: {
    Propagation?: string
    NonRecursive?: boolean
    CreateMountpoint?: boolean
    ReadOnlyNonRecursive?: boolean
    /** As it always is. */
    ReadOnlyForceRecursive?: boolean
  }
  VolumeOptions?: {
    NoCopy?: boolean
    Labels?: Labels
    DriverConfig?: { Name?: string; Options?: Labels }
    Subpath?: string
  }
  TmpfsOptions?: { SizeBytes?: number; Mode?: number; Options?: string[][] }
  ImageOptions?: { Subpath?: string }
}

export interface DeviceMapping {
  PathOnHost: string
  PathInContainer: string
  CgroupPermissions: string
}

/** Devices by what they can do, or by their names: the driver `cdi`. */
export interface DeviceRequest {
  Driver?: string
  /** -1: all */
  Count?: number
  DeviceIDs?: string[] | null
  /** Sets of which one is to be had as a whole. */
  Capabilities?: string[][] | null
  Options?: Labels | null
}

export interface Ulimit {
  Name: string
  Soft: number
  Hard: number
}

export interface ThrottleDevice {
  Path: string
  Rate: number
}

export interface Resources {
  CpuShares?: number
  Memory?: number
  BlkioWeight?: number
  BlkioWeightDevice?: { Path: string; Weight: number }[]
  BlkioDeviceReadBps?: ThrottleDevice[]
  BlkioDeviceWriteBps?: ThrottleDevice[]
  BlkioDeviceReadIOps?: ThrottleDevice[]
  BlkioDeviceWriteIOps?: ThrottleDevice[]
  CpuPeriod?: number
  CpuQuota?: number
  CpuRealtimePeriod?: number
  CpuRealtimeRuntime?: number
  CpusetCpus?: string
  CpusetMems?: string
  Devices?: DeviceMapping[]
  DeviceCgroupRules?: string[]
  DeviceRequests?: DeviceRequest[] | null
  /** Refused: Linux has not had it since 5.4. */
  KernelMemory?: number
  KernelMemoryTCP?: number
  MemoryReservation?: number
  MemorySwap?: number
  MemorySwappiness?: number
  NanoCpus?: number
  OomKillDisable?: boolean
  Init?: boolean
  PidsLimit?: number | null
  Ulimits?: Ulimit[]
}

/**
 * Not of Docker: a file with contents of its own, which the engine keeps private to the container and mounts read-only.
 * Inspect shows it without the contents.
 */
export interface FileMount {
  Target: string
  /** base64 */
  Content: string
  UID: number
  GID: number
  Mode: number
}

export interface HostConfig extends Resources {
  Files?: FileMount[]
  Binds?: string[]
  ContainerIDFile?: string
  LogConfig?: { Type?: string; Config?: Labels }
  NetworkMode?: string
  PortBindings?: PortMap
  RestartPolicy?: RestartPolicy
  AutoRemove?: boolean
  VolumeDriver?: string
  VolumesFrom?: string[]
  Mounts?: Mount[]
  ConsoleSize?: [number, number]
  Annotations?: Labels
  CapAdd?: string[]
  CapDrop?: string[]
  CgroupnsMode?: string
  Dns?: string[]
  DnsOptions?: string[]
  DnsSearch?: string[]
  ExtraHosts?: string[]
  GroupAdd?: string[]
  IpcMode?: string
  Cgroup?: string
  CgroupParent?: string
  Links?: string[]
  OomScoreAdj?: number
  PidMode?: string
  Privileged?: boolean
  PublishAllPorts?: boolean
  ReadonlyRootfs?: boolean
  SecurityOpt?: string[]
  StorageOpt?: Labels
  Tmpfs?: Record<string, string>
  UTSMode?: string
  UsernsMode?: string
  ShmSize?: number
  Sysctls?: Labels
  Runtime?: string
  Isolation?: string
  MaskedPaths?: string[] | null
  ReadonlyPaths?: string[] | null
}

export interface EndpointSettings {
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] } | null
  Links?: string[] | null
  MacAddress?: string
  Aliases?: string[] | null
  DriverOpts?: Labels | null
  GwPriority?: number
  NetworkID?: string
  EndpointID?: string
  Gateway?: string
  IPAddress?: string
  IPPrefixLen?: number
  IPv6Gateway?: string
  GlobalIPv6Address?: string
  GlobalIPv6PrefixLen?: number
  DNSNames?: string[] | null
}

export interface ContainerCreateRequest extends ContainerConfig {
  HostConfig?: HostConfig
  NetworkingConfig?: { EndpointsConfig?: Record<string, EndpointSettings> }
}

export interface ContainerCreateResponse {
  Id: string
  Warnings: string[]
}
