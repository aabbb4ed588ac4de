import type { ContainerCreateRequest, EndpointSettings, HostConfig, Mount } from '../../api.ts'
import { invalid } from '../../failures.ts'

type Endpoints = Readonly<Record<string, EndpointSettings>>

/**
 * What a request to make a container means in a version of the API: a field that is newer was unknown then, so it is not
 * looked at, or refused where its absence would be dangerous; what nobody says had other meanings.
 * @param minor of the version
 * @param cgroup the version of the machine's cgroups
 * @throws TscomposeError ENGINE_REQUEST_INVALID
 */
export function createRequestOf(
  minor: number,
  request: ContainerCreateRequest,
  cgroup: '1' | '2',
): ContainerCreateRequest {
  const { HostConfig: host = {}, NetworkingConfig: networking = {}, ...config } = request
  const { Healthcheck } = config
  if (minor < 44 && Healthcheck) config.Healthcheck = withoutStartInterval(Healthcheck)
  const endpoints = networking.EndpointsConfig
  return {
    ...config,
    HostConfig: hostConfigOf(minor, host, cgroup),
    NetworkingConfig: endpoints ? { EndpointsConfig: endpointsOf(minor, endpoints, config.MacAddress) } : networking,
  }
}

const withoutStartInterval = ({ StartInterval: _, ...check }: NonNullable<ContainerCreateRequest['Healthcheck']>) =>
  check

function hostConfigOf(minor: number, asked: HostConfig, cgroup: '1' | '2'): HostConfig {
  const { Annotations, ConsoleSize, ...host } = asked
  return {
    ...host,
    ...(minor >= 42 && ConsoleSize && { ConsoleSize }),
    ...(minor >= 43 && Annotations && { Annotations }),
    ...(asked.Mounts && { Mounts: asked.Mounts.map(mount => mountOf(minor, mount)) }),
    ...(minor < 40 && !asked.IpcMode && { IpcMode: 'shareable' }),
    ...(minor < 41 && !asked.CgroupnsMode && cgroup === '1' && { CgroupnsMode: 'host' }),
  }
}

const optionsOf = { VolumeOptions: 'volume', BindOptions: 'bind', TmpfsOptions: 'tmpfs' } as const

function mountOf(minor: number, asked: Mount): Mount {
  const { VolumeOptions, TmpfsOptions, BindOptions, ...mount } = asked
  if (minor >= 42)
    for (const [options, type] of Object.entries(optionsOf))
      if (asked[options as keyof typeof optionsOf] && asked.Type !== type)
        throw invalid(`${options} must not be specified on mount type "${asked.Type}"`)
  if (minor < 44 && asked.Type === 'bind' && BindOptions?.ReadOnlyForceRecursive)
    throw invalid('BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer')
  if (minor < 45 && VolumeOptions?.Subpath) throw invalid('VolumeOptions.Subpath needs API v1.45 or newer')
  if (minor < 48 && asked.Type === 'image') throw invalid('Mount type "Image" needs API v1.48 or newer')
  return {
    ...mount,
    ...(VolumeOptions && asked.Type === 'volume' && { VolumeOptions }),
    ...(TmpfsOptions && asked.Type === 'tmpfs' && { TmpfsOptions }),
    ...(BindOptions && asked.Type === 'bind' && { BindOptions: bindOptionsOf(minor, BindOptions) }),
  }
}

type BindOptions = NonNullable<Mount['BindOptions']>

function bindOptionsOf(minor: number, asked: BindOptions): BindOptions {
  const { NonRecursive, CreateMountpoint, ...options } = asked
  return {
    ...options,
    ...(minor >= 40 && NonRecursive && { NonRecursive }),
    ...(minor >= 42 && CreateMountpoint && { CreateMountpoint }),
  }
}

function endpointsOf(minor: number, asked: Endpoints, mac: string | undefined): Record<string, EndpointSettings> {
  const names = Object.keys(asked)
  const macs = Object.values(asked).flatMap(({ MacAddress }) => MacAddress || [])
  if (minor >= 44 && mac && macs.length > 0 && !macs.includes(mac))
    throw invalid(
      'the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty',
    )
  if (minor < 44 && names.length > 1)
    throw invalid(`Container cannot be created with multiple network endpoints: ${names.join(', ')}`)
  return Object.fromEntries(
    Object.entries(asked).map(([name, { GwPriority, MacAddress, ...settings }]) => [
      name,
      {
        ...settings,
        ...(minor >= 48 && GwPriority !== undefined && { GwPriority }),
        // Until then the address was the container's, and one of an endpoint was not looked at.
        ...(MacAddress && minor >= 44 && { MacAddress }),
      },
    ]),
  )
}
