import type { ContainerConfig, EndpointSettings, HostConfig, LegacyAddresses, PortMap, Whole } from '../api.ts'

/**
 * Inspect shows every setting, also those that nobody asked for: scripts read them without looking whether they are
 * there. The values are Go's zero values, which dockerd writes for them; lists and maps without members are null.
 */
const config: Whole<ContainerConfig> & { readonly OnBuild: null } = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: [],
  Cmd: null,
  Image: '',
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: {},
}

const hostConfig: Whole<HostConfig> = {
  Binds: null,
  ContainerIDFile: '',
  PortBindings: {},
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  CapAdd: null,
  CapDrop: null,
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  UTSMode: '',
  UsernsMode: '',
  Isolation: '',
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  PidsLimit: null,
  Ulimits: [],
}

/** Fields of Windows, which Docker shows everywhere. */
const foreign = { CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0 }

export const wholeHostConfig = (asked: HostConfig): Whole<HostConfig> => ({
  ...hostConfig,
  ...foreign,
  ...asked,
  // As clients say that they say nothing.
  ...((asked.PidsLimit ?? 0) <= 0 && { PidsLimit: null }),
  ...(asked.PortBindings && { PortBindings: wholeBindings(asked.PortBindings) }),
  ...(asked.MemorySwappiness === -1 && { MemorySwappiness: null }),
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0, ...asked.RestartPolicy },
})

const wholeBindings = (bindings: PortMap): PortMap =>
  Object.fromEntries(
    Object.entries(bindings).map(([port, list]) => [
      port,
      list?.map(({ HostIp = '', HostPort = '' }) => ({ HostIp, HostPort })) ?? null,
    ]),
  )

export function wholeConfig({ ExposedPorts, Volumes, ...asked }: Partial<ContainerConfig>): Whole<ContainerConfig> {
  return {
    ...config,
    ...asked,
    ...(filled(ExposedPorts) && { ExposedPorts }),
    ...(filled(Volumes) && { Volumes }),
  }
}

const filled = (map: object = {}): boolean => Object.keys(map).length > 0

/** Of before networks had names: the addresses that a container has on the default bridge. */
export function legacyAddresses(bridge: EndpointSettings | undefined): LegacyAddresses {
  return {
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
  }
}
