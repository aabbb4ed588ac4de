import { randomInt } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { TscomposeError } from '../errors.ts'
import { macFromAddress } from './addresses/leases.ts'
import { subnetOf } from './addresses/subnets.ts'
import { bridgeOption, ipv4Of, type LiveNetwork, prefixOf } from './bridge.ts'
import type { Host } from './host/host.ts'
import { deviceAlias, vethName } from './instance.ts'
import { inNamespace } from './namespace.ts'
import { bringUpPort, newVeth, setLink } from './netlink/link.ts'
import type { Message } from './netlink/message.ts'
import { newAddress, replaceDefaultRoute } from './netlink/route.ts'
import type { Endpoint, EndpointSpec } from './network.ts'

/** An endpoint, with its device at the host's end. */
export interface LiveEndpoint {
  readonly endpoint: Endpoint
  readonly live: LiveNetwork
  readonly veth: string
}

/**
 * Takes addresses for an endpoint and decides its names.
 * @param others interface names that the container has already
 * @throws TscomposeError NETWORK_ADDRESS_OUTSIDE, NETWORK_ADDRESS_TAKEN, NETWORK_POOL_EXHAUSTED
 */
export function takeEndpoint(
  { instance }: Host,
  live: LiveNetwork,
  spec: EndpointSpec,
  holder: string,
  others: readonly string[],
): LiveEndpoint {
  const { network, leases } = live
  const ipv4 = ipv4Of(network)
  const ipv6 = subnetOf(network, 6)
  const { leaseKey: key } = spec
  const ipv4Address = leases.take(4, { subnet: ipv4, key, wanted: spec.ipv4Address, holder })
  try {
    if (spec.ipv6Address !== undefined && ipv6 === undefined)
      throw new TscomposeError(
        'NETWORK_ADDRESS_OUTSIDE',
        `the address ${spec.ipv6Address} needs IPv6, which network ${network.name} does not have`,
      )
    const interfaceName = spec.interfaceName ?? freeName(others)
    const endpoint: Endpoint = {
      ...spec,
      ipv4Address,
      ipv4PrefixLength: prefixOf(ipv4),
      gateway: ipv4.gateway,
      macAddress: spec.macAddress ?? macFromAddress(ipv4Address),
      interfaceName,
      ...(ipv6 && {
        ipv6Address: leases.take(6, { subnet: ipv6, key, wanted: spec.ipv6Address, holder }),
        ipv6PrefixLength: prefixOf(ipv6),
        ipv6Gateway: ipv6.gateway,
      }),
    }
    return { endpoint, live, veth: vethName(instance) }
  } catch (error) {
    leases.release(ipv4Address)
    throw error
  }
}

export function releaseEndpoint({ endpoint, live }: LiveEndpoint): void {
  live.leases.release(endpoint.ipv4Address)
  if (endpoint.ipv6Address !== undefined) live.leases.release(endpoint.ipv6Address)
}

function freeName(taken: readonly string[]): string {
  for (let number = 0; ; number++) if (!taken.includes(`eth${number}`)) return `eth${number}`
}

/** Where the kernel's own numbering hardly ever gets; what is chosen at random in here is free. */
const hostIndexes = [0x100_0000, 0x4000_0000] as const

/** The number of a container's device on a network: made from the network's id, so that nobody has to ask for it. */
const indexOf = (networkId: string): number => 16 + (Number.parseInt(networkId.slice(0, 6), 16) & 0x3f_ffff)

/** Makes the veth pairs of endpoints: one end on the bridge, the other in the container's namespace, down. */
export async function plugIn(
  { instance, route }: Host,
  endpoints: readonly LiveEndpoint[],
  { containerId, namespace }: { containerId: string; namespace: string },
): Promise<void> {
  const netnsFd = openSync(namespace, 'r')
  try {
    const messages = endpoints.flatMap(({ endpoint, live: { network, index: master }, veth }) => {
      const { interfaceName: name, macAddress: address } = endpoint
      const peer = { name, index: indexOf(network.id), address, netnsFd }
      const alias = deviceAlias(instance, { kind: 'endpoint', containerId, networkId: network.id })
      return [
        newVeth({ name: veth, index: randomInt(...hostIndexes), master, mtu: network.mtu, peer }),
        bringUpPort(veth, alias, network.options[bridgeOption.icc] === 'false'),
      ]
    })
    await route.request(...messages)
  } finally {
    closeSync(netnsFd)
  }
  const withIPv6 = endpoints.filter(({ endpoint }) => endpoint.ipv6Address !== undefined)
  if (withIPv6.length > 0)
    inNamespace(namespace, () => {
      for (const { endpoint } of withIPv6) enableIPv6(endpoint.interfaceName)
    })
}

/** A sandbox is made with IPv6 off for its devices, lo apart (see sandbox.ts). */
const enableIPv6 = (name: string) => writeFileSync(`/proc/sys/net/ipv6/conf/${name}/disable_ipv6`, '0')

/** Brings the container's end of an endpoint up, with its addresses; for rtnetlink in the container's namespace. */
export function bringUp({ endpoint, live }: LiveEndpoint): readonly Message[] {
  const { ipv4Address, ipv4PrefixLength, ipv6Address, ipv6PrefixLength = 64 } = endpoint
  const index = indexOf(live.network.id)
  return [
    setLink(index, { up: true }),
    newAddress(index, ipv4Address, ipv4PrefixLength),
    ...(ipv6Address === undefined ? [] : [newAddress(index, ipv6Address, ipv6PrefixLength)]),
  ]
}

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
  const ipv4 = gatewayEndpoint(endpoints)
  if (ipv4 === undefined) return []
  const routes = [replaceDefaultRoute(indexOf(ipv4.live.network.id), ipv4.endpoint.gateway)]
  const ipv6 = gatewayEndpoint(endpoints.filter(({ endpoint }) => endpoint.ipv6Gateway !== undefined))
  if (ipv6?.endpoint.ipv6Gateway !== undefined && hostForwardsIPv6())
    routes.push(replaceDefaultRoute(indexOf(ipv6.live.network.id), ipv6.endpoint.ipv6Gateway))
  return routes
}

/**
 * Switching this on would make a host that gets its own routes by router advertisements lose them, so it is left to the
 * administrator; without it a default route would only make programs wait for answers that never come.
 */
function hostForwardsIPv6(): boolean {
  try {
    return readFileSync('/proc/sys/net/ipv6/conf/all/forwarding', 'utf8').trim() === '1'
  } catch {
    return false
  }
}
