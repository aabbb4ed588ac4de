import { randomInt } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { TscomposeError } from '../errors.ts'
import type { Family } from './addresses/address.ts'
import { macFromAddress } from './addresses/leases.ts'
import { subnetsOfFamily } from './addresses/subnets.ts'
import { type LiveNetwork, prefixOf } from './bridge.ts'
import type { Host } from './host/host.ts'
import { deviceAlias, vethName } from './instance.ts'
import { inNamespace } from './namespace.ts'
import { bringUpPort, deleteLink, newVeth, setLink } from './netlink/link.ts'
import type { Message } from './netlink/message.ts'
import { newAddress, replaceDefaultRoute, replaceDeviceRoute } from './netlink/route.ts'
import type { Endpoint, EndpointSpec, Network } from './network.ts'
import { newChildOf, routesByDevice } from './parent.ts'
import { writeSysctls } from './sysctl.ts'

/** An endpoint, with its device at the host's end. */
export interface LiveEndpoint {
  readonly endpoint: Endpoint
  readonly live: LiveNetwork
  /** None on a parent: its children are in the container's namespace alone. */
  readonly veth?: string
}

/**
 * Takes addresses for an endpoint and decides its names.
 * @param others interface names that the container has already
 * @throws TscomposeError NETWORK_ADDRESS_OUTSIDE, NETWORK_ADDRESS_TAKEN, NETWORK_POOL_EXHAUSTED, NETWORK_NOT_SUPPORTED
 */
export function takeEndpoint(
  { instance }: Host,
  live: LiveNetwork,
  spec: EndpointSpec,
  holder: string,
  others: readonly string[],
): LiveEndpoint {
  const { network, options, leases } = live
  if (network.driver === 'ipvlan' && spec.macAddress !== undefined)
    throw new TscomposeError('NETWORK_NOT_SUPPORTED', 'ipvlan interfaces do not support custom mac address assignment')
  using undo = new DisposableStack()
  const take = (family: Family, wanted: string | undefined) => {
    const [first, ...others] = subnetsOfFamily(network, family)
    if (wanted !== undefined && first === undefined)
      throw new TscomposeError(
        'NETWORK_ADDRESS_OUTSIDE',
        `the address ${wanted} needs IPv${family}, which network ${network.name} does not have`,
      )
    if (first === undefined) return undefined
    const subnets = [first, ...others] as const
    const { address, subnet } = leases.take(family, { subnets, key: spec.leaseKey, wanted, holder })
    undo.defer(() => leases.release(address))
    return { address, gateway: subnet.gateway, prefix: prefixOf(subnet) }
  }
  const ipv4 = take(4, spec.ipv4Address)
  const ipv6 = take(6, spec.ipv6Address)
  const macAddress =
    network.driver === 'ipvlan'
      ? undefined // that of the parent
      : (spec.macAddress ?? macFromAddress(ipv4?.address ?? ipv6?.address ?? ''))
  const endpoint: Endpoint = {
    ...spec,
    interfaceName: spec.interfaceName ?? freeName(options.interfacePrefix, others),
    ...(macAddress && { macAddress }),
    ...(ipv4 && { ipv4Address: ipv4.address, ipv4PrefixLength: ipv4.prefix, gateway: ipv4.gateway }),
    ...(ipv6 && { ipv6Address: ipv6.address, ipv6PrefixLength: ipv6.prefix, ipv6Gateway: ipv6.gateway }),
  }
  undo.move()
  return { endpoint, live, ...(!network.driver && { veth: vethName(instance) }) }
}

export const addressesOf = ({ ipv4Address, ipv6Address }: Endpoint): readonly string[] =>
  [ipv4Address, ipv6Address].filter(address => address !== undefined)

export function releaseEndpoint({ endpoint, live }: LiveEndpoint): void {
  for (const address of addressesOf(endpoint)) live.leases.release(address)
}

function freeName(prefix: string, taken: readonly string[]): string {
  for (let number = 0; ; number++) if (!taken.includes(`${prefix}${number}`)) return `${prefix}${number}`
}

/** Where the kernel's own numbering hardly ever gets; what is chosen at random in here is free. */
const hostIndexes = [0x100_0000, 0x4000_0000] as const

/** The number of a container's device on a network: made from the network's id, so that nobody has to ask for it. */
export const indexOf = (networkId: string): number => 16 + (Number.parseInt(networkId.slice(0, 6), 16) & 0x3f_ffff)

/** Makes the devices of endpoints in the container's namespace, down; on a bridge the other end of a veth pair is there. */
export async function plugIn(
  { instance, route }: Host,
  endpoints: readonly LiveEndpoint[],
  { containerId, namespace }: { containerId: string; namespace: string },
): Promise<void> {
  const netnsFd = openSync(namespace, 'r')
  try {
    const messages = endpoints.flatMap(({ endpoint, live, veth }) => {
      const { network, index: master } = live
      const { interfaceName: name, macAddress: address } = endpoint
      const index = indexOf(network.id)
      if (veth === undefined) return [newChildOf(live, endpoint, { index, netnsFd })]
      const peer = { name, index, address: address as string, netnsFd }
      const alias = deviceAlias(instance, { kind: 'endpoint', containerId, networkId: network.id })
      return [
        newVeth({ name: veth, index: randomInt(...hostIndexes), master, mtu: network.mtu, peer }),
        bringUpPort(veth, alias, !live.options.icc),
      ]
    })
    await route.request(...messages)
  } finally {
    closeSync(netnsFd)
  }
  const toSet = endpoints.map(({ endpoint }) => endpoint).filter(endpoint => endpoint.sysctl || usesIPv6(endpoint))
  if (toSet.length > 0)
    inNamespace(namespace, () => {
      for (const endpoint of toSet) setInterface(endpoint)
    })
}

const usesIPv6 = ({ ipv6Address, linkLocalAddresses = [] }: Endpoint): boolean =>
  ipv6Address !== undefined || linkLocalAddresses.some(address => address.includes(':'))

/** A sandbox is made with IPv6 off for its devices, lo apart (see sandbox.ts). */
function setInterface(endpoint: Endpoint): void {
  const { interfaceName, sysctl = {} } = endpoint
  if (usesIPv6(endpoint)) writeFileSync(`/proc/sys/net/ipv6/conf/${interfaceName}/disable_ipv6`, '0')
  const named = Object.entries(sysctl).map(([name, value]) => [name.replace('IFNAME', interfaceName), value])
  writeSysctls(Object.fromEntries(named))
}

/** Brings the container's end of an endpoint up, with its addresses; for rtnetlink in the container's namespace. */
export function bringUp({ endpoint, live }: LiveEndpoint): readonly Message[] {
  const { ipv4Address, ipv4PrefixLength = 32, ipv6Address, ipv6PrefixLength = 64, linkLocalAddresses = [] } = endpoint
  const index = indexOf(live.network.id)
  return [
    setLink(index, { up: true }),
    ...(ipv4Address === undefined ? [] : [newAddress(index, ipv4Address, ipv4PrefixLength)]),
    ...(ipv6Address === undefined ? [] : [newAddress(index, ipv6Address, ipv6PrefixLength)]),
    ...linkLocalAddresses.map(address => newAddress(index, address, address.includes(':') ? 64 : 16)),
  ]
}

/** Takes an interface that has no other end on the host out of the container; for rtnetlink in its namespace. */
export const unplug = ({ live }: LiveEndpoint): Message => deleteLink(indexOf(live.network.id))

/** The endpoint that supplies the default route; among equals that of the network whose name comes first, as in Docker. */
export function gatewayEndpoint(endpoints: readonly LiveEndpoint[]): LiveEndpoint | undefined {
  return endpoints
    .filter(({ live }) => !live.network.internal)
    .toSorted(
      (a, b) =>
        b.endpoint.gatewayPriority - a.endpoint.gatewayPriority || (a.live.network.name < b.live.network.name ? -1 : 1),
    )[0]
}

/** The default routes of a container. Removing the device of the former one has removed that. */
export function defaultRoutes(endpoints: readonly LiveEndpoint[]): readonly Message[] {
  const ipv4 = gatewayEndpoint(endpoints.filter(({ endpoint }) => endpoint.gateway !== undefined))
  const ipv6 = gatewayEndpoint(endpoints.filter(({ endpoint }) => endpoint.ipv6Gateway !== undefined))
  const hasWayOut = ipv6 && (ipv6.live.network.driver !== undefined || hostForwardsIPv6())
  return [
    ...(ipv4 ? [defaultRoute(ipv4.live.network, 4, ipv4.endpoint.gateway)] : []),
    ...(hasWayOut ? [defaultRoute(ipv6.live.network, 6, ipv6.endpoint.ipv6Gateway)] : []),
  ]
}

const defaultRoute = (network: Network, family: Family, gateway = ''): Message =>
  routesByDevice(network)
    ? replaceDeviceRoute(indexOf(network.id), family)
    : replaceDefaultRoute(indexOf(network.id), gateway)

/**
 * Switching this on would make a host that gets its own routes by router advertisements lose them, so it is left to the
 * administrator; without it a default route would only make programs wait for answers that never come.
 */
export function hostForwardsIPv6(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim() === '1'
  } catch {
    return false
  }
}
