import type { ContainerConfig, EndpointSettings, HostConfig } from '../api.ts'
import { invalid } from '../failures.ts'
import { parseNetworkMode } from './namespace-modes.ts'

type Conflict = readonly [isAsked: (config: ContainerConfig, host: HostConfig) => boolean, message: string]

const isSome = (values: object | null | undefined): boolean => Object.keys(values ?? {}).length > 0

/** In Docker's words: what whoever shares a network cannot have of their own. */
const withContainer: readonly Conflict[] = [
  [config => Boolean(config.Hostname), 'hostname and the network mode'],
  [
    (_, host) => isSome(host.Links),
    "container type network can't be used with links. This would result in undefined behavior",
  ],
  [(_, host) => isSome(host.Dns), 'dns and the network mode'],
  [(_, host) => isSome(host.ExtraHosts), 'custom host-to-IP mapping and the network mode'],
  [config => Boolean(config.MacAddress), 'mac-address and the network mode'],
  [
    (_, host) => isSome(host.PortBindings) || host.PublishAllPorts === true,
    'port publishing and the container type network mode',
  ],
  [config => isSome(config.ExposedPorts), 'port exposing and the container type network mode'],
]

const withHost: readonly Conflict[] = [
  [
    (_, host) => isSome(host.Links),
    "host type networking can't be used with links. This would result in undefined behavior",
  ],
  [config => Boolean(config.MacAddress), 'mac-address and the network mode'],
]

/** @throws TscomposeError ENGINE_REQUEST_INVALID for what the network mode leaves no room for */
export function checkNetworkMode(
  asked: ContainerConfig,
  host: HostConfig,
  endpoints: readonly EndpointSettings[],
): void {
  const MacAddress = [asked, ...endpoints].map(settings => settings?.MacAddress).find(Boolean)
  const config = { ...asked, ...(MacAddress && { MacAddress }) }
  const mode = parseNetworkMode(host.NetworkMode)
  const sharesContainer = typeof mode === 'object' && 'container' in mode
  const conflicts = mode === 'host' ? withHost : sharesContainer ? withContainer : []
  const conflict = conflicts.find(([isAsked]) => isAsked(config, host))
  if (conflict) throw invalid(`conflicting options: ${conflict[1]}`)
}
