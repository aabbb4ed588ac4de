import type { EndpointSettings } from '../../engine/api.ts'
import { containerName } from '../names.ts'
import type { Project, Service, ServiceNetwork } from '../project.ts'
import type { ContainerContext } from './container.ts'

type Endpoint = readonly [key: string, network: ServiceNetwork]

/** A service's networks, the main one first: the highest priority, among equals by name. */
const byPriority = (service: Service): Endpoint[] =>
  Object.entries(service.networks).sort(
    ([a, { priority: first }], [b, { priority: second }]) => second - first || (a < b ? -1 : 1),
  )

export const networkName = (project: Project, key: string): string =>
  project.networks[key]?.name ?? `${project.name}_${key}`

/** The value of NetworkMode: a network's name where the service has networks. */
export function mainNetwork(project: Project, service: Service): string {
  const [main] = byPriority(service)
  return service.networkMode ?? (main ? networkName(project, main[0]) : 'none')
}

export function endpoints(context: ContainerContext): Record<string, EndpointSettings> {
  const { project, service } = context
  const list = byPriority(service)
  return Object.fromEntries(
    list.map(([key], i) => [networkName(project, key), endpoint(context, key, { main: i === 0 })]),
  )
}

/** What a container is on one of its networks; also for connecting it to a network made anew. */
export function endpoint(
  {
    project,
    service,
    name,
    oneOff,
    containerOf,
  }: Pick<ContainerContext, 'project' | 'service' | 'name' | 'oneOff' | 'containerOf'>,
  key: string,
  { main }: { main: boolean },
): EndpointSettings {
  const network = service.networks[key]
  const macAddress = network?.macAddress ?? (main ? service.macAddress : undefined)
  const addresses = {
    ...(network?.ipv4Address !== undefined && { IPv4Address: network.ipv4Address }),
    ...(network?.ipv6Address !== undefined && { IPv6Address: network.ipv6Address }),
    ...(network?.linkLocalIps.length && { LinkLocalIPs: [...network.linkLocalIps] }),
  }
  const options: Record<string, string> = {
    ...network?.driverOpts,
    ...(network?.interfaceName !== undefined && { 'com.docker.network.endpoint.ifname': network.interfaceName }),
  }
  const links = linksOf(project, service, containerOf)
  return {
    Aliases: oneOff && !oneOff.useAliases ? [name] : [...new Set([name, service.name, ...(network?.aliases ?? [])])],
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(macAddress !== undefined && { MacAddress: macAddress }),
    ...(Object.keys(options).length > 0 && { DriverOpts: options }),
    ...(network?.gwPriority && { GwPriority: network.gwPriority }),
    ...(links.length > 0 && { Links: links }),
  }
}

/** `container:alias`. A link whose alias is the service's own name says what DNS says anyway. */
function linksOf(project: Project, service: Service, containerOf: (service: string) => string): string[] {
  const links = service.links.flatMap(link => {
    const [target = '', alias = target] = link.split(':')
    if (alias === target) return []
    const linked = project.services[target]
    return [`${linked ? containerName(project.name, linked, 1) : containerOf(target)}:${alias}`]
  })
  const external = service.externalLinks.map(link => (link.includes(':') ? link : `${link}:${link}`))
  return [...links, ...external]
}
