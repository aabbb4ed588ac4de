import type {
  DeviceMapping,
  DeviceRequest,
  FileMount,
  HostConfig,
  Mount,
  PortMap,
  Resources,
  RestartPolicy,
  ThrottleDevice,
  Ulimit,
} from '../api.ts'
import {
  anything,
  boolean,
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

/** What a container has of the host, field by field as in api.ts; the compiler sees to it that none is forgotten. */

export const labels = map(string)
/** A set, as Go writes it in JSON: the members are empty objects, or null. */
export const set = map<object>((value, path) => anything(value ?? {}, path))

const throttleDevices = list(object<ThrottleDevice>({ Path: string, Rate: integer }, 'Path', 'Rate'))

export const ulimits = list(object<Ulimit>({ Name: string, Soft: integer, Hard: integer }, 'Name', 'Soft', 'Hard'))

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
  Ulimits: ulimits,
}

export const portMap: Fields<PortMap>[string] = nullable(list(object({ HostIp: string, HostPort: string })))

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

export const restartPolicy = object<RestartPolicy>({
  // An unknown one is refused in dockerd's words, together with the rest of the policy.
  Name: string as Parser<RestartPolicy['Name']>,
  MaximumRetryCount: integer,
})

export const hostConfig = object<HostConfig>({
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
