import type {
  ContainerConfig,
  ContainerCreateRequest,
  ContainerUpdateRequest,
  EndpointSettings,
  ExecConfig,
  ExecStartConfig,
  HealthConfig,
  ImageCommitOptions,
  IPAM,
  NetworkCreateRequest,
  PublishRequest,
  RegistryAuthConfig,
  VolumeCreateRequest,
} from '../api.ts'
import { hostConfig, labels, portMap, resources, restartPolicy, set } from './host-config.ts'
import { boolean, command, type Fields, integer, list, map, object, pair, string, strings } from './shapes.ts'

/** The bodies of requests, field by field as in api.ts; the compiler sees to it that none is forgotten. */

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
