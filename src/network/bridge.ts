import { writeFileSync } from 'node:fs'
import { TscomposeError } from '../errors.ts'
import { type Family, parseSubnet } from './addresses/address.ts'
import type { LeaseBook } from './addresses/lease-book.ts'
import { macFromAddress } from './addresses/leases.ts'
import { familyOf } from './addresses/subnets.ts'
import type { BridgeOptions } from './bridge-options.ts'
import type { FirewallNetwork, FirewallSubnet } from './firewall/ruleset.ts'
import { forwardingBefore, switchForwardingOff, switchForwardingOn } from './host/forwarding.ts'
import type { Host } from './host/host.ts'
import { deviceAlias, type ForwardingBefore, parseDeviceAlias } from './instance.ts'
import { unlessGone } from './links.ts'
import { bringUpBridge, bringUpPort, decodeLink, getLink, type Link, newBridge, setLink } from './netlink/link.ts'
import { newAddress } from './netlink/route.ts'
import type { Network } from './network.ts'

/** A network that is there in the kernel. */
export interface LiveNetwork {
  readonly network: Network
  readonly options: BridgeOptions
  /** The number of the bridge, or of the parent; another one when somebody has deleted it and it was made again. */
  index: number
  /** False for a parent that was there before, and stays. */
  readonly ownsDevice: boolean
  readonly leases: LeaseBook
  /** Containers on it: ids and names. */
  readonly members: Map<string, string>
  /** Of a network for which forwarding was switched on. */
  readonly forwardingBefore: ForwardingBefore | undefined
}

export const prefixOf = ({ subnet }: { readonly subnet: string }): number => parseSubnet(subnet).prefix

/** The network as the firewall sees it. */
export function firewallNetwork({
  network,
  options,
  forwardingBefore,
}: Pick<LiveNetwork, 'network' | 'options' | 'forwardingBefore'>): FirewallNetwork {
  const { bridge, internal, subnets } = network
  const way = (family: Family): Pick<FirewallSubnet, 'leaves' | 'entered'> => {
    const mode = options.gatewayMode[family]
    const leaves = mode === 'routed' || !options.masquerade ? 'itself' : (options.sourceAddress[family] ?? 'host')
    return { leaves, entered: mode === 'routed' || mode === 'nat-unprotected' ? mode : 'published' }
  }
  return {
    bridge,
    internal,
    icc: options.icc,
    closed: forwardingBefore?.closed ?? [],
    subnets: subnets.map(({ subnet }) => ({ subnet, ...way(familyOf(subnet)) })),
  }
}

/** The addresses of the host on a network: the gateways, and the link-local one by which IPv6 asks for neighbours. */
function gatewaysOf({ subnets }: Network, { gatewayMode, inhibitIPv4 }: BridgeOptions) {
  const given = subnets.filter(({ subnet }) => {
    const family = familyOf(subnet)
    return gatewayMode[family] !== 'isolated' && !(family === 4 && inhibitIPv4)
  })
  const addresses = given.map(subnet => ({ address: subnet.gateway, prefix: prefixOf(subnet) }))
  const linkLocal = given.some(({ subnet }) => familyOf(subnet) === 6) ? [{ address: 'fe80::1', prefix: 64 }] : []
  return [...addresses, ...linkLocal] // Docker's link-local one is the same
}

/**
 * Makes the bridge of a network, with the gateway's addresses. To be called under the host's lock.
 * @param links the host's devices
 * @throws TscomposeError NETWORK_BRIDGE_NAME_TAKEN; nothing is left then
 */
export async function makeBridge(
  { instance, route, links: hostLinks }: Host,
  network: Network,
  options: BridgeOptions,
  links: readonly Link[],
): Promise<Pick<LiveNetwork, 'index' | 'ownsDevice' | 'forwardingBefore'>> {
  const { bridge: name, id: networkId, mtu } = network
  if (links.some(link => link.name === name))
    throw new TscomposeError('NETWORK_BRIDGE_NAME_TAKEN', `a network device named ${name} exists already`, {
      fix: 'Remove it, or choose another com.docker.network.bridge.name.',
    })
  const before = network.internal ? undefined : forwardingBefore(links)
  const alias = deviceAlias(instance, { kind: 'network', networkId, forwardingBefore: before })
  const address = macFromAddress(network.subnets[0]?.gateway ?? '')
  const [reply] = await route.request(newBridge({ name, address, mtu }), bringUpBridge(name, alias), getLink(name))
  if (reply === undefined) throw new TscomposeError('NETWORK_SETUP_FAILED', `the bridge ${name} has vanished`)
  const { index } = decodeLink(reply)
  try {
    if (before) switchForwardingOn()
    const sysctl = (path: string, value: string) => writeFileSync(`/proc/sys/net/${path}`, value)
    sysctl(`ipv4/conf/${name}/route_localnet`, '1') // for ports published on 127.0.0.1; the firewall guards it
    for (const { address, prefix } of gatewaysOf(network, options))
      await route.request(newAddress(index, address, prefix))
    return { index, ownsDevice: true, forwardingBefore: before }
  } catch (error) {
    if (before) switchForwardingOff(links, before)
    await hostLinks.delete([index])
    throw error
  }
}

/** Puts the containers' devices that are not on the bridge of their network onto it: it is another one than it was. */
export async function rejoin(
  { instance, route }: Host,
  { network, options, index }: Pick<LiveNetwork, 'network' | 'options' | 'index'>,
  links: readonly Link[],
): Promise<void> {
  const strayed = links.filter(({ alias, master }) => {
    const device = parseDeviceAlias(alias)
    const { purpose } = device ?? {}
    const isOurs =
      device?.instanceId === instance.id && purpose?.kind === 'endpoint' && purpose.networkId === network.id
    return isOurs && master !== index
  })
  await Promise.all(
    strayed.map(({ index: port, name = '', alias = '' }) =>
      // What is set of a port of a bridge goes with its place on it. A device goes when a container ends, also now.
      unlessGone(route.request(setLink(port, { master: index }), bringUpPort(name, alias, !options.icc))),
    ),
  )
}
