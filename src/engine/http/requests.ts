import type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerUpdateRequest,
  DeviceMapping,
  DeviceRequest,
  EndpointSettings,
  ExecConfig,
  ExecStartConfig,
  FileMount,
  HealthConfig,
  HostConfig,
  ImageCommitOptions,
  IPAM,
  Mount,
  NetworkCreateRequest,
  PortMap,
  PublishRequest,
  RegistryAuthConfig,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
  VolumeCreateRequest,
} from '../api.ts'
import {
  anything,
  boolean,
  command,
  type Fields,
  integer,
  list,
  map,
  nullable,
  object,
  type Parser,
  pair,
  string,
  strings,
} from './shapes.ts'

/** The bodies of requests, field by field as in api.ts; the compiler sees to it that none is forgotten. */

const labels = map(string)
/** A set, as Go writes it in JSON: the members are empty objects, or null. */
const set = map<object>((value, path) => anything(value ?? {}, path))

const healthConfig = object<HealthConfig>({
  Test: strings,
  Interval: integer,
  Timeout: integer,
  StartPeriod: integer,
  StartInterval: integer,
  Retries: integer,
})

const containerConfig: Fields<ContainerConfig> = {
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ExposedPorts: set,
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: strings,
  Cmd: command,
  Healthcheck: healthConfig,
  Image: string,
  Volumes: set,
  WorkingDir: string,
  Entrypoint: command,
  NetworkDisabled: boolean,
  MacAddress: string,
  Labels: labels,
  StopSignal: string,
  StopTimeout: integer,
  Shell: strings,
}

const throttleDevices = list(object<ThrottleDevice>({ Path: string, Rate: integer }, 'Path', 'Rate'))

export const resources: Fields<Resources> = {
  CpuShares: integer,
  Memory: integer,
  BlkioWeight: integer,
  BlkioWeightDevice: list(object<{ Path: string; Weight: number }>({ Path: string, Weight: integer }, 'Path')),
  BlkioDeviceReadBps: throttleDevices,
  BlkioDeviceWriteBps: throttleDevices,
  BlkioDeviceReadIOps: throttleDevices,
  BlkioDeviceWriteIOps: throttleDevices,
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: list(
    object<DeviceMapping>(
      { PathOnHost: string, PathInContainer: string, CgroupPermissions: string },
      'PathOnHost',
      'PathInContainer',
      'CgroupPermissions',
    ),
  ),
  DeviceCgroupRules: strings,
  DeviceRequests: list(
    object<DeviceRequest>({
      Driver: string,
      Count: integer,
      DeviceIDs: strings,
      Capabilities: list(strings),
      Options: map(string),
    }),
  ),
  KernelMemory: integer,
  KernelMemoryTCP: integer,
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  NanoCpus: integer,
  OomKillDisable: boolean,
  Init: boolean,
  PidsLimit: integer,
  Ulimits: list(object<Ulimit>({ Name: string, Soft: integer, Hard: integer }, 'Name', 'Soft', 'Hard')),
}

const portMap: Fields<PortMap>[string] = nullable(list(object({ HostIp: string, HostPort: string })))

const mount = object<Mount>(
  {
    Target: string,
    Source: string,
    // An unknown one is refused in dockerd's words.
    Type: string as Parser<Mount['Type']>,
    ReadOnly: boolean,
    Consistency: string,
    BindOptions: object<NonNullable<Mount['BindOptions']>>({
      Propagation: string,
      NonRecursive: boolean,
      CreateMountpoint: boolean,
      ReadOnlyNonRecursive: boolean,
      ReadOnlyForceRecursive: boolean,
    }),
    VolumeOptions: object<NonNullable<Mount['VolumeOptions']>>({
      NoCopy: boolean,
      Labels: labels,
      DriverConfig: object<{ Name?: string; Options?: Record<string, string> }>({ Name: string, Options: labels }),
      Subpath: string,
    }),
    TmpfsOptions: object<NonNullable<Mount['TmpfsOptions']>>({
      SizeBytes: integer,
      Mode: integer,
      Options: list(strings),
    }),
    ImageOptions: object<{ Subpath?: string }>({ Subpath: string }),
  },
  'Target',
  'Type',
)

const files = list(
  object<FileMount>(
    { Target: string, Content: string, UID: integer, GID: integer, Mode: integer },
    'Target',
    'Content',
    'UID',
    'GID',
    'Mode',
  ),
)

const restartPolicy = object<RestartPolicy>({
  // An unknown one is refused in dockerd's words, together with the rest of the policy.
  Name: string as Parser<RestartPolicy['Name']>,
  MaximumRetryCount: integer,
})

const hostConfig = object<HostConfig>({
  ...resources,
  Files: files,
  Binds: strings,
  ContainerIDFile: string,
  LogConfig: object<NonNullable<HostConfig['LogConfig']>>({ Type: string, Config: labels }),
  NetworkMode: string,
  PortBindings: map(portMap),
  RestartPolicy: restartPolicy,
  AutoRemove: boolean,
  VolumeDriver: string,
  VolumesFrom: strings,
  Mounts: list(mount),
  ConsoleSize: pair,
  Annotations: labels,
  CapAdd: strings,
  CapDrop: strings,
  CgroupnsMode: string,
  Dns: strings,
  DnsOptions: strings,
  DnsSearch: strings,
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: string,
  Cgroup: string,
  CgroupParent: string,
  Links: strings,
  OomScoreAdj: integer,
  PidMode: string,
  Privileged: boolean,
  PublishAllPorts: boolean,
  ReadonlyRootfs: boolean,
  SecurityOpt: strings,
  StorageOpt: labels,
  Tmpfs: labels,
  UTSMode: string,
  UsernsMode: string,
  ShmSize: integer,
  Sysctls: labels,
  Runtime: string,
  Isolation: string,
  MaskedPaths: strings,
  ReadonlyPaths: strings,
})

export const containerUpdateRequest = object<ContainerUpdateRequest>({
  ...resources,
  RestartPolicy: restartPolicy,
  Publish: object<PublishRequest>(
    { PortBindings: map(portMap), ExposedPorts: set, Labels: labels },
    'PortBindings',
    'ExposedPorts',
    'Labels',
  ),
})

export const endpointSettings = object<EndpointSettings>({
  IPAMConfig: object<NonNullable<EndpointSettings['IPAMConfig']>>({
    IPv4Address: string,
    IPv6Address: string,
    LinkLocalIPs: strings,
  }),
  Links: strings,
  MacAddress: string,
  Aliases: strings,
  DriverOpts: labels,
  GwPriority: integer,
  NetworkID: string,
  EndpointID: string,
  Gateway: string,
  IPAddress: string,
  IPPrefixLen: integer,
  IPv6Gateway: string,
  GlobalIPv6Address: string,
  GlobalIPv6PrefixLen: integer,
  DNSNames: strings,
})

type EndpointsConfig = NonNullable<ContainerCreateRequest['NetworkingConfig']>

export const containerCreateRequest = object<ContainerCreateRequest>(
  {
    ...containerConfig,
    HostConfig: hostConfig,
    NetworkingConfig: object<EndpointsConfig>({
      // null stands for an endpoint without settings of its own.
      EndpointsConfig: map((value, path) => endpointSettings(value ?? {}, path)),
    }),
  },
  'Image',
)

export const commitConfig = object<NonNullable<ImageCommitOptions['config']>>({ ...containerConfig, OnBuild: strings })

export const execConfig = object<ExecConfig>(
  {
    AttachStdin: boolean,
    AttachStdout: boolean,
    AttachStderr: boolean,
    ConsoleSize: pair,
    DetachKeys: string,
    Tty: boolean,
    Env: strings,
    Cmd: command,
    Privileged: boolean,
    User: string,
    WorkingDir: string,
  },
  'Cmd',
)

export const execStartConfig = object<ExecStartConfig>({ Detach: boolean, Tty: boolean, ConsoleSize: pair })

const ipam = object<IPAM>({
  Driver: string,
  Config: list(
    object<NonNullable<IPAM['Config']>[number]>({
      Subnet: string,
      IPRange: string,
      Gateway: string,
      AuxiliaryAddresses: labels,
    }),
  ),
  Options: labels,
})

export const networkCreateRequest = object<NetworkCreateRequest>(
  {
    Name: string,
    Driver: string,
    Scope: string,
    Internal: boolean,
    Attachable: boolean,
    Ingress: boolean,
    ConfigOnly: boolean,
    ConfigFrom: object<{ Network?: string }>({ Network: string }),
    IPAM: ipam,
    EnableIPv4: boolean,
    EnableIPv6: boolean,
    Options: labels,
    Labels: labels,
  },
  'Name',
)

export const networkConnectRequest = object<{ Container: string; EndpointConfig?: EndpointSettings }>(
  { Container: string, EndpointConfig: endpointSettings },
  'Container',
)

export const networkDisconnectRequest = object<{ Container: string; Force?: boolean }>(
  { Container: string, Force: boolean },
  'Container',
)

export const volumeCreateRequest = object<VolumeCreateRequest>({
  Name: string,
  Driver: string,
  DriverOpts: labels,
  Labels: labels,
})

export const registryAuthConfig = object<RegistryAuthConfig>({
  username: string,
  password: string,
  identitytoken: string,
  serveraddress: string,
})
