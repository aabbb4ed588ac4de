import type { Filters, IPAM, Labels, NetworkInspect } from '../api.ts'
import { invalid } from '../failures.ts'
import { booleanFilter, matchesExactly, matchesExpression, matchesLabels, validateFilters } from '../filters.ts'
import { isPredefined, type NetworkRecord } from './record.ts'

const kinds = ['builtin', 'custom']
const acceptedFilters = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']

/** `GET /networks/{id}`. */
export const inspectNetwork = (record: NetworkRecord, containers: NetworkInspect['Containers']): NetworkInspect => ({
  Name: record.name,
  Id: record.id,
  Created: record.created,
  Scope: 'local',
  Driver: record.driver,
  EnableIPv4: record.enableIPv4,
  EnableIPv6: record.enableIPv6,
  IPAM: effectiveIpam(record),
  Internal: record.internal,
  Attachable: record.attachable,
  Ingress: false,
  ConfigFrom: { Network: record.configFrom ?? '' },
  ConfigOnly: record.configOnly === true,
  Containers: containers,
  Options: shownOptions(record),
  Labels: record.labels,
})

/** Of the bridge that containers get by default all that holds on it, of others what was asked for: as dockerd tells it. */
function shownOptions({ name, options, network }: NetworkRecord): Labels {
  if (name !== 'bridge') return options
  return {
    'com.docker.network.bridge.enable_icc': 'true',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
    'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
    ...(network && {
      'com.docker.network.bridge.name': network.bridge,
      'com.docker.network.driver.mtu': String(network.mtu),
    }),
    ...options,
  }
}

/** The addresses that the network has, where that is decided, or else what was asked for. */
function effectiveIpam({ ipam, network }: NetworkRecord): IPAM {
  const { Driver = 'default', Options = null, Config = [] } = ipam
  if (!network) return { Driver, Options, Config }
  const isIPv6 = ({ subnet }: { readonly subnet: string }) => subnet.includes(':')
  return {
    Driver,
    Options,
    Config: network.subnets
      .toSorted((a, b) => Number(isIPv6(a)) - Number(isIPv6(b)))
      .map(({ subnet, gateway, ipRange, auxAddresses }) => ({
        Subnet: subnet,
        ...(ipRange && { IPRange: ipRange }),
        Gateway: gateway,
        ...(auxAddresses && { AuxiliaryAddresses: auxAddresses }),
      })),
  }
}

/** Whether a network is one of those that `filters` ask for. */
export function networkFilter(filters: Filters = {}): (record: NetworkRecord, inUse: boolean) => boolean {
  validateFilters(filters, acceptedFilters)
  for (const type of filters.type ?? [])
    if (type !== 'builtin' && type !== 'custom') throw invalid(`invalid filter: 'type'='${type}'`)
  const dangling = booleanFilter(filters, 'dangling')
  const unknown = filters.type?.find(kind => !kinds.includes(kind))
  if (unknown !== undefined) throw invalid(`invalid filter: 'type'='${unknown}'`)
  return (record, inUse) =>
    matchesExactly(filters, 'driver', record.driver) &&
    matchesExpression(filters, 'id', [record.id]) &&
    matchesLabels(filters, record.labels) &&
    matchesExpression(filters, 'name', [record.name]) &&
    matchesExactly(filters, 'scope', 'local') &&
    matchesExactly(filters, 'type', isPredefined(record.name) ? 'builtin' : 'custom') &&
    (dangling === undefined || dangling === (!inUse && !isPredefined(record.name)))
}
