import type { Duplex, Readable } from 'node:stream'
import type { BuildEvent } from '../build/request.ts'

/**
 * The Docker Engine API (version 1.47) as TypeScript: the types have the names and the fields of its OpenAPI
 * definition, the methods of {@link Engine} are its operations. The engine implements the interface in process
 * (`LocalEngine`), the HTTP client does over the socket (`RemoteEngine`); who uses it cannot tell them apart.
 * Durations are nanoseconds, times RFC 3339 text, sizes bytes, as in Docker.
 */

export type { BuildEvent }

export type Labels = Record<string, string>

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
  DeviceRequests?: object[]
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

export interface NetworkSettings {
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
  MountLabel: string
  ProcessLabel: string
  AppArmorProfile: string
  ExecIDs: string[] | null
  HostConfig: HostConfig
  GraphDriver: { Name: string; Data: Labels | null }
  SizeRw?: number
  SizeRootFs?: number
  Mounts: MountPoint[]
  Config: ContainerConfig
  NetworkSettings: NetworkSettings
}

/** An item of `GET /containers/json`. */
export interface ContainerSummary {
  Id: string
  Names: string[]
  Image: string
  ImageID: string
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

/** Docker's filters: a name to the values of which one must match (`label`: all). */
export type Filters = Record<string, string[]>

export interface ContainerListOptions {
  all?: boolean
  limit?: number
  size?: boolean
  filters?: Filters
}

export interface LogsOptions {
  follow?: boolean
  stdout?: boolean
  stderr?: boolean
  /** Unix seconds with a fraction, or RFC 3339 */
  since?: string
  until?: string
  timestamps?: boolean
  /** A number of lines, or `all`. */
  tail?: string
  details?: boolean
}

export interface AttachOptions {
  stream?: boolean
  logs?: boolean
  stdin?: boolean
  stdout?: boolean
  stderr?: boolean
  detachKeys?: string
}

export interface ExecConfig {
  AttachStdin?: boolean
  AttachStdout?: boolean
  AttachStderr?: boolean
  ConsoleSize?: [number, number]
  DetachKeys?: string
  Tty?: boolean
  Env?: string[]
  Cmd: string[]
  Privileged?: boolean
  User?: string
  WorkingDir?: string
}
export interface ExecStartConfig {
  Detach?: boolean
  Tty?: boolean
  ConsoleSize?: [number, number]
}
export interface ExecInspect {
  ID: string
  Running: boolean
  ExitCode: number | null
  ProcessConfig: { tty: boolean; entrypoint: string; arguments: string[]; privileged?: boolean; user?: string }
  OpenStdin: boolean
  OpenStderr: boolean
  OpenStdout: boolean
  CanRemove: boolean
  ContainerID: string
  DetachKeys: string
  Pid: number
}

/** What is at a path of a container: the header `X-Docker-Container-Path-Stat`. */
export interface ContainerPathStat {
  name: string
  size: number
  /** As Go's `fs.FileMode` has it. */
  mode: number
  /** RFC 3339 */
  mtime: string
  /** Where a symbolic link leads, within the container; otherwise empty. */
  linkTarget: string
}
export interface ContainerArchive {
  stat: ContainerPathStat
  /** tar */
  archive: Readable
}
export interface PutArchiveOptions {
  /** A directory does not take the place of something else, nor the other way round. */
  noOverwriteDirNonDir?: boolean
  /** What is copied belongs to the container's user instead of those whom the archive names. */
  copyUIDGID?: boolean
  /** Not of Docker: an entry `dir/.wh.name` removes `dir/name`, as in a layer. */
  whiteouts?: boolean
}

export interface ContainerTop {
  Titles: string[]
  Processes: string[][]
}
export interface ContainerWaitResponse {
  StatusCode: number
  Error?: { Message: string }
}
export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

/** Body of `POST /containers/{id}/update`: what is absent stays as it is. */
export interface ContainerUpdateRequest extends Resources {
  RestartPolicy?: RestartPolicy
  Publish?: PublishRequest
}
/** Not of Docker: other ports for a container, also while it runs, in the place of all it had. */
export interface PublishRequest {
  PortBindings: PortMap
  /** Beside those of the image. */
  ExposedPorts: Record<string, object>
  /** In the place of labels of the same names. */
  Labels: Labels
}
export interface ContainerUpdateResponse {
  Warnings: string[]
}

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

export interface IPAM {
  Driver?: string
  Config?: { Subnet?: string; IPRange?: string; Gateway?: string; AuxiliaryAddresses?: Labels }[]
  Options?: Labels | null
}
export interface NetworkCreateRequest {
  Name: string
  Driver?: string
  Scope?: string
  Internal?: boolean
  Attachable?: boolean
  Ingress?: boolean
  ConfigOnly?: boolean
  ConfigFrom?: { Network?: string }
  IPAM?: IPAM
  EnableIPv4?: boolean
  EnableIPv6?: boolean
  Options?: Labels
  Labels?: Labels
}
export interface NetworkInspect {
  Name: string
  Id: string
  Created: string
  Scope: string
  Driver: string
  EnableIPv4: boolean
  EnableIPv6: boolean
  IPAM: IPAM
  Internal: boolean
  Attachable: boolean
  Ingress: boolean
  ConfigFrom: { Network: string }
  ConfigOnly: boolean
  Containers: Record<
    string,
    { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }
  >
  Options: Labels
  Labels: Labels
}

export interface VolumeCreateRequest {
  Name?: string
  Driver?: string
  DriverOpts?: Labels
  Labels?: Labels
}
export interface Volume {
  Name: string
  Driver: string
  Mountpoint: string
  CreatedAt: string
  Labels: Labels
  Scope: 'local'
  Options: Labels | null
  UsageData?: { Size: number; RefCount: number }
}

export interface ImageSummary {
  Id: string
  ParentId: string
  RepoTags: string[]
  RepoDigests: string[]
  /** Unix seconds */
  Created: number
  Size: number
  SharedSize: number
  Labels: Labels | null
  Containers: number
}
export interface ImageInspect {
  Id: string
  RepoTags: string[]
  RepoDigests: string[]
  Parent: string
  Comment: string
  Created: string
  DockerVersion: string
  Author: string
  Config: Omit<ContainerConfig, 'Image'>
  Architecture: string
  Variant?: string
  Os: string
  Size: number
  GraphDriver: { Name: string; Data: Labels | null }
  RootFS: { Type: 'layers'; Layers: string[] }
  Metadata: { LastTagTime: string }
}
/** A line of the progress streams of pull, push, load and build. */
export interface JSONMessage {
  status?: string
  id?: string
  stream?: string
  progress?: string
  progressDetail?: { current?: number; total?: number }
  error?: string
  errorDetail?: { code?: number | string; message: string }
  aux?: unknown
}
export interface RegistryAuthConfig {
  username?: string
  password?: string
  identitytoken?: string
  serveraddress?: string
}
/**
 * Not of Docker: a build by names of this machine, for clients that live on it (`POST /tscompose/build`). Paths are
 * absolute.
 */
export interface ImageBuildRequest {
  /** A directory, a git repository or another URL; without it the context has no files. */
  Context?: string
  /** The path of the Dockerfile, absolute or in the context. */
  Dockerfile?: string
  /** The Dockerfile itself. */
  DockerfileInline?: string
  Target?: string
  BuildArgs?: Labels
  Labels?: Labels
  Tags?: string[]
  NoCache?: boolean
  /** Names of stages. */
  NoCacheFilter?: string[]
  Pull?: boolean
  Platform?: string
  /** By name: a directory, a URL, or `docker-image://REFERENCE`. */
  Contexts?: Labels
  /** By id: a file, or the contents in base64. */
  Secrets?: Record<string, { File?: string; Value?: string }>
  /** Sockets of SSH agents by id. */
  SSH?: Labels
  NetworkMode?: string
  ExtraHosts?: string[]
  ShmSize?: number
  Ulimits?: Ulimit[]
  Resources?: Resources
  Entitlements?: string[]
  Privileged?: boolean
  CacheFrom?: string[]
}
/** What happens in a build; the last message is the image. */
export type BuildMessage = BuildEvent | { type: 'image'; id: string; names: readonly string[] }

/** Answer of `POST /auth`. */
export interface AuthResponse {
  Status: string
  IdentityToken: string
}
export interface ImageHistoryItem {
  Id: string
  /** Unix seconds */
  Created: number
  CreatedBy: string
  Tags: string[] | null
  Size: number
  Comment: string
}
export interface ImageImportOptions {
  repo?: string
  tag?: string
  message?: string
  /** Dockerfile instructions for its configuration. */
  changes?: string[]
  platform?: string
}
export interface ImagePruneResponse {
  ImagesDeleted: ImageDeleteItem[]
  SpaceReclaimed: number
}
export interface ImageSearchItem {
  name: string
  description: string
  star_count: number
  is_official: boolean
  is_automated: boolean
}
export interface DistributionInspect {
  Descriptor: { mediaType: string; digest: string; size: number }
  Platforms: { architecture: string; os: string; variant?: string }[]
}
export type ImageDeleteItem = { Untagged: string } | { Deleted: string }

export interface EventMessage {
  Type: 'container' | 'image' | 'network' | 'volume' | 'daemon'
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
export interface ContainerPruneResponse {
  ContainersDeleted: string[]
  /** bytes */
  SpaceReclaimed: number
}
export interface VolumePruneResponse {
  VolumesDeleted: string[]
  /** bytes */
  SpaceReclaimed: number
}

export type DiskUsageType = 'container' | 'image' | 'volume' | 'build-cache'
/** `GET /system/df`: null for kinds that were not asked for. */
export interface SystemDataUsage {
  /** Bytes of all layers of images, each counted once. */
  LayersSize: number
  Images: ImageSummary[] | null
  Containers: ContainerSummary[] | null
  Volumes: Volume[] | null
  BuildCache: object[] | null
  BuilderSize: number
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
  CgroupDriver: string
  CgroupVersion: string
  KernelVersion: string
  OperatingSystem: string
  OSType: string
  Architecture: string
  NCPU: number
  MemTotal: number
  DockerRootDir: string
  ServerVersion: string
  Warnings: string[]
}

/**
 * All operations, named after the API's operation ids. A container, network or image is given by its name, its id or
 * an unambiguous prefix of the id. Everything throws TscomposeErrors; the HTTP server maps their codes to statuses
 * (status.ts), the client maps them back.
 */
export interface Engine {
  systemPing(): Promise<void>
  systemVersion(): Promise<SystemVersion>
  systemInfo(): Promise<SystemInfo>
  systemDataUsage(options?: { types?: readonly DiskUsageType[] }): Promise<SystemDataUsage>
  /** Not of Docker: all containers for Prometheus, in its text format, under the names of cAdvisor. */
  systemMetrics(): Promise<string>
  /** Ends when `signal` aborts or `until` has passed. The subscription stands when the promise resolves. */
  systemEvents(options: EventsOptions, signal: AbortSignal): Promise<AsyncIterable<EventMessage>>

  containerList(options?: ContainerListOptions): Promise<ContainerSummary[]>
  containerCreate(
    name: string | undefined,
    request: ContainerCreateRequest,
    platform?: string,
  ): Promise<ContainerCreateResponse>
  containerInspect(id: string, options?: { size?: boolean }): Promise<ContainerInspect>
  /** @returns false if it was running already (304) */
  containerStart(id: string): Promise<boolean>
  /** @param timeout seconds of grace; absent: the container's own, -1: wait forever. @returns false if it had stopped */
  containerStop(id: string, options?: { signal?: string; timeout?: number }): Promise<boolean>
  containerRestart(id: string, options?: { signal?: string; timeout?: number }): Promise<void>
  containerKill(id: string, signal?: string): Promise<void>
  containerPause(id: string): Promise<void>
  containerUnpause(id: string): Promise<void>
  containerRename(id: string, name: string): Promise<void>
  containerUpdate(id: string, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse>
  containerDelete(id: string, options?: { volumes?: boolean; force?: boolean }): Promise<void>
  containerPrune(options?: { filters?: Filters }): Promise<ContainerPruneResponse>
  /** Registered when the promise resolves; `exited` settles when the condition is met. */
  containerWait(
    id: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): Promise<{ exited: Promise<ContainerWaitResponse> }>
  /** Frames of the stream format (stream-frames.ts), or the raw stream of a terminal. */
  containerLogs(id: string, options: LogsOptions): Promise<Readable>
  containerAttach(id: string, options: AttachOptions): Promise<Duplex>
  containerResize(id: string, height: number, width: number): Promise<void>
  containerTop(id: string, psArgs?: string): Promise<ContainerTop>
  containerArchiveInfo(id: string, path: string): Promise<ContainerPathStat>
  /** A file or directory with the last part of `path` as its name, or `.` where `path` ends so. */
  containerArchive(id: string, path: string): Promise<ContainerArchive>
  /** @param archive tar, maybe compressed. @param path a directory that exists */
  putContainerArchive(id: string, path: string, archive: Readable, options?: PutArchiveOptions): Promise<void>
  /** tar of everything but what is mounted. */
  containerExport(id: string): Promise<Readable>
  /** Ends when `signal` aborts or the container is removed; without `stream`, with the first reading. */
  containerStats(id: string, options: StatsOptions, signal: AbortSignal): Promise<AsyncIterable<ContainerStatsResponse>>

  execCreate(containerId: string, config: ExecConfig): Promise<{ Id: string }>
  /** The process' streams as in {@link containerAttach}; undefined when detached. */
  execStart(execId: string, config: ExecStartConfig): Promise<Duplex | undefined>
  execResize(execId: string, height: number, width: number): Promise<void>
  execInspect(execId: string): Promise<ExecInspect>

  imageList(options?: { all?: boolean; filters?: Filters }): Promise<ImageSummary[]>
  imageInspect(name: string): Promise<ImageInspect>
  /** Pulls (`POST /images/create`). The stream ends with the pull; a failed pull throws from it. */
  imagePull(
    reference: string,
    options: { platform?: string; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>>
  /**
   * Pushes (`POST /images/{name}/push`), without a tag all tags of the repository. The stream ends as that of a pull.
   */
  imagePush(
    name: string,
    options: { tag?: string; platform?: string; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>>
  /**
   * Builds an image. The stream ends with the build; a failed build throws from it.
   * @param archive the build context as a tar archive, where the request names none
   */
  imageBuild(
    request: ImageBuildRequest,
    archive: Readable | undefined,
    signal: AbortSignal,
  ): Promise<AsyncIterable<BuildMessage>>
  /** Forgets steps of builds. `all`: also those whose layers images have. @returns ids, and bytes that are free now */
  buildPrune(options?: { all?: boolean; filters?: Filters; keepStorage?: number }): Promise<{
    CachesDeleted: string[]
    SpaceReclaimed: number
  }>
  imageLoad(archive: Readable, signal: AbortSignal): Promise<AsyncIterable<JSONMessage>>
  /** An archive of images (`GET /images/get`), for {@link imageLoad}. */
  imageSave(names: readonly string[]): Promise<Readable>
  /** Makes an image of the archive of a root file system (`POST /images/create?fromSrc=`): a stream, or what is at a URL. */
  imageImport(
    source: Readable | URL,
    options: ImageImportOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>>
  imageHistory(name: string): Promise<ImageHistoryItem[]>
  imagePrune(options?: { filters?: Filters }): Promise<ImagePruneResponse>
  imageSearch(
    term: string,
    options: { limit?: number; filters?: Filters; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<ImageSearchItem[]>
  distributionInspect(
    name: string,
    options: { auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<DistributionInspect>
  /** Checks a login with its registry (`POST /auth`). @throws TscomposeError REGISTRY_UNAUTHORIZED */
  systemAuth(auth: RegistryAuthConfig, signal: AbortSignal): Promise<AuthResponse>
  imageTag(name: string, repo: string, tag: string): Promise<void>
  imageDelete(name: string, options?: { force?: boolean; noprune?: boolean }): Promise<ImageDeleteItem[]>

  networkList(options?: { filters?: Filters }): Promise<NetworkInspect[]>
  networkInspect(id: string): Promise<NetworkInspect>
  networkCreate(request: NetworkCreateRequest): Promise<{ Id: string; Warning: string }>
  networkDelete(id: string): Promise<void>
  /** Removes the networks that no container is on. @returns their names */
  networkPrune(options?: { filters?: Filters }): Promise<{ NetworksDeleted: string[] }>
  networkConnect(id: string, container: string, endpoint?: EndpointSettings): Promise<void>
  networkDisconnect(id: string, container: string, force?: boolean): Promise<void>

  volumeList(options?: { filters?: Filters }): Promise<{ Volumes: Volume[]; Warnings: string[] }>
  volumeInspect(name: string): Promise<Volume>
  volumeCreate(request: VolumeCreateRequest): Promise<Volume>
  volumePrune(options?: { filters?: Filters }): Promise<VolumePruneResponse>
  volumeDelete(name: string, options?: { force?: boolean }): Promise<void>
}
