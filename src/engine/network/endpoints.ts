import { createHash } from 'node:crypto'
import type { Endpoint, EndpointSpec } from '../../network/network.ts'
import type { ContainerConfig, EndpointSettings, Labels } from '../api.ts'
import { invalid } from '../failures.ts'
import { shortId } from '../ids.ts'
import type { NetworkRecord } from './record.ts'

/** What an endpoint takes from its container. */
export interface EndpointOwner {
  readonly id: string
  readonly name: string
  readonly config: Pick<ContainerConfig, 'Hostname' | 'Labels' | 'MacAddress'>
}

/** All names of a container on a network. The bridge that containers get by default has no names, as with Docker. */
export function dnsNames(
  { id, name, config }: EndpointOwner,
  network: NetworkRecord,
  aliases: readonly string[],
): string[] {
  if (network.name === 'bridge') return []
  return [...new Set([name, ...aliases, shortId(id), ...(config.Hostname ? [config.Hostname] : [])])]
}

/**
 * Who a container's addresses are kept for: its place in its project, so that the next container in that place gets
 * them again; its name if it is in no project.
 */
export function leaseKey(name: string, labels: Labels = {}): string {
  const project = labels['com.docker.compose.project']
  const service = labels['com.docker.compose.service']
  // One-off containers and replicas of one service are told apart by number.
  if (!project || !service || labels['com.docker.compose.oneoff'] === 'True') return name
  return `${project}/${service}/${labels['com.docker.compose.container-number'] ?? '1'}`
}

/** What the network layer is asked to make of an endpoint. */
export function toEndpointSpec(
  owner: EndpointOwner,
  network: NetworkRecord,
  settings: EndpointSettings,
  links: Readonly<Record<string, string>> = {},
): EndpointSpec {
  const { IPAMConfig, MacAddress = owner.config.MacAddress, Aliases, GwPriority = 0 } = settings
  if (network.name === 'bridge' && Aliases?.length)
    throw invalid('network-scoped alias is supported only for containers in user defined networks')
  if (network.name === 'bridge' && (IPAMConfig?.IPv4Address || IPAMConfig?.IPv6Address))
    throw invalid('user specified IP address is supported on user defined networks only')
  return {
    networkId: network.id,
    leaseKey: leaseKey(owner.name, owner.config.Labels),
    dnsNames: dnsNames(owner, network, Aliases ?? []),
    gatewayPriority: GwPriority,
    ...(Object.keys(links).length > 0 && { links }),
    ...(IPAMConfig?.IPv4Address && { ipv4Address: IPAMConfig.IPv4Address }),
    ...(IPAMConfig?.IPv6Address && { ipv6Address: IPAMConfig.IPv6Address }),
    ...(IPAMConfig?.LinkLocalIPs?.length && { linkLocalAddresses: IPAMConfig.LinkLocalIPs.map(parseLinkLocal) }),
    ...(MacAddress && { macAddress: parseMac(MacAddress) }),
    ...endpointOptions(settings.DriverOpts ?? {}),
  }
}

/** @throws TscomposeError ENGINE_REQUEST_INVALID for an option that is not known */
function endpointOptions(options: Labels): Pick<EndpointSpec, 'interfaceName' | 'sysctl'> {
  const { [endpointOption.interfaceName]: interfaceName, [endpointOption.sysctls]: sysctls, ...unknown } = options
  const [other] = Object.keys(unknown)
  if (other !== undefined) throw invalid(`unknown option of an endpoint: ${other}`)
  return { ...(interfaceName && { interfaceName }), ...(sysctls && { sysctl: parseSysctls(sysctls) }) }
}

const endpointOption = {
  interfaceName: 'com.docker.network.endpoint.ifname',
  sysctls: 'com.docker.network.endpoint.sysctls',
} as const

/** `net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=0` */
const parseSysctls = (text: string): Record<string, string> =>
  Object.fromEntries(
    text.split(',').map(setting => {
      const [, name, value] = /^(net\.[^=]*\bIFNAME\b[^=]*)=(.+)$/.exec(setting.trim()) ?? []
      if (name === undefined || value === undefined)
        throw invalid(`invalid sysctl of an endpoint: "${setting}" is not net.PROTOCOL.conf.IFNAME.NAME=VALUE`)
      return [name, value] as const
    }),
  )

function parseLinkLocal(text: string): string {
  if (/^169\.254\.\d+\.\d+$/.test(text) || /^fe80:/i.test(text)) return text
  throw invalid(`"${text}" is not a link-local address: those are in 169.254.0.0/16 and fe80::/64`)
}

function parseMac(text: string): string {
  if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) throw invalid(`invalid MAC address: ${text}`)
  return text.toLowerCase().replaceAll('-', ':')
}

/** The id of an endpoint: it has none of its own, so it is made of those of its two ends. */
export const endpointId = (containerId: string, networkId: string): string =>
  createHash('sha256').update(`${containerId} ${networkId}`).digest('hex')

/** Settings of an endpoint as inspect shows them: what was asked for, and what it has while the container runs. */
export function toEndpointSettings(
  owner: EndpointOwner,
  network: NetworkRecord | undefined,
  settings: EndpointSettings,
  endpoint: Endpoint | undefined,
): EndpointSettings {
  return {
    IPAMConfig: settings.IPAMConfig ?? null,
    Links: settings.Links ?? null,
    Aliases: settings.Aliases ?? null,
    MacAddress: endpoint?.macAddress ?? '',
    DriverOpts: settings.DriverOpts ?? null,
    GwPriority: settings.GwPriority ?? 0,
    NetworkID: network?.id ?? '',
    EndpointID: endpoint && network ? endpointId(owner.id, network.id) : '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.ipv4Address ?? '',
    IPPrefixLen: endpoint?.ipv4PrefixLength ?? 0,
    IPv6Gateway: endpoint?.ipv6Gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6Address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6PrefixLength ?? 0,
    DNSNames: network && network.name !== 'bridge' ? dnsNames(owner, network, settings.Aliases ?? []) : null,
  }
}
