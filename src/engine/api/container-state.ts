import type { Labels } from './common.ts'
import type { ContainerConfig, EndpointSettings, HostConfig, Mount, PortMap } from './container-config.ts'
import type { OCIDescriptor } from './image.ts'

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'

export interface HealthcheckResult {
  Start: string
  End: string
  ExitCode: number
  Output: string
}

export interface HealthState {
  Status: 'none' | 'starting' | 'healthy' | 'unhealthy'
  FailingStreak: number
  Log: HealthcheckResult[]
}

export interface ContainerState {
  Status: ContainerStatus
  Running: boolean
  Paused: boolean
  Restarting: boolean
  OOMKilled: boolean
  /** Not of Docker: the most memory it has had, in bytes, where `OOMKilled`. */
  MemoryPeak?: number
  Dead: boolean
  Pid: number
  ExitCode: number
  Error: string
  StartedAt: string
  FinishedAt: string
  Health?: HealthState
}

export interface MountPoint {
  Type: Mount['Type']
  Name?: string
  Source: string
  Destination: string
  Driver?: string
  Mode: string
  RW: boolean
  Propagation: string
}

/** Settings as inspect shows them: null stands for what nobody has set. */
export type Whole<T> = { [Key in keyof T]: undefined extends T[Key] ? T[Key] | null : T[Key] }

export interface LegacyAddresses {
  HairpinMode: boolean
  LinkLocalIPv6Address: string
  LinkLocalIPv6PrefixLen: number
  SecondaryIPAddresses: null
  SecondaryIPv6Addresses: null
  EndpointID: string
  Gateway: string
  GlobalIPv6Address: string
  GlobalIPv6PrefixLen: number
  IPAddress: string
  IPPrefixLen: number
  IPv6Gateway: string
  MacAddress: string
}

export interface NetworkSettings extends LegacyAddresses {
  Bridge: string
  SandboxID: string
  SandboxKey: string
  Ports: PortMap
  Networks: Record<string, EndpointSettings>
}

export interface ContainerInspect {
  Id: string
  Created: string
  Path: string
  Args: string[]
  State: ContainerState
  Image: string
  ResolvConfPath: string
  HostnamePath: string
  HostsPath: string
  LogPath: string
  Name: string
  RestartCount: number
  Driver: string
  Platform: string
  ImageManifestDescriptor?: OCIDescriptor
  MountLabel: string
  ProcessLabel: string
  AppArmorProfile: string
  ExecIDs: string[] | null
  HostConfig: Whole<HostConfig>
  GraphDriver: { Name: string; Data: Labels | null }
  SizeRw?: number
  SizeRootFs?: number
  Mounts: MountPoint[]
  Config: Whole<ContainerConfig>
  NetworkSettings: NetworkSettings
}

/** An item of `GET /containers/json`. */
export interface ContainerSummary {
  Id: string
  Names: string[]
  Image: string
  ImageID: string
  ImageManifestDescriptor?: OCIDescriptor
  Command: string
  /** Unix seconds */
  Created: number
  Ports: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[]
  SizeRw?: number
  SizeRootFs?: number
  Labels: Labels
  State: ContainerStatus
  /** `Up 2 minutes (healthy)`, `Exited (0) 3 seconds ago` */
  Status: string
  HostConfig: { NetworkMode: string; Annotations?: Labels }
  NetworkSettings: { Networks: Record<string, EndpointSettings> }
  Mounts: MountPoint[]
}
