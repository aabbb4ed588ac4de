import { writeFileSync } from 'node:fs'
import { TscomposeError } from '../errors.ts'
import { parseSubnet } from './addresses/address.ts'
import type { LeaseBook } from './addresses/lease-book.ts'
import { macFromAddress } from './addresses/leases.ts'
import { subnetOf } from './addresses/subnets.ts'
import type { FirewallNetwork } from './firewall/ruleset.ts'
import { switchForwardingOn } from './host/forwarding.ts'
import type { Host } from './host/host.ts'
import { deviceAlias, parseDeviceAlias } from './instance.ts'
import { bringUpBridge, bringUpPort, decodeLink, getLink, type Link, newBridge, setLink } from './netlink/link.ts'
import { newAddress } from './netlink/route.ts'
import type { Network } from './network.ts'

/** Options of Docker's bridge driver. */
export const bridgeOption = {
  name: 'com.docker.network.bridge.name',
  mtu: 'com.docker.network.driver.mtu',
  icc: 'com.docker.network.bridge.enable_icc',
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  interfacePrefix: 'com.docker.network.container_iface_prefix',
  hostBinding: 'com.docker.network.bridge.host_binding_ipv4',
} as const

/** Those that say what is so anyway. */
const ownDefaults = ['default_bridge', 'gateway_mode_ipv4=nat', 'gateway_mode_ipv6=nat', 'inhibit_ipv4=false'].map(
  option => `com.docker.network.bridge.${option}`,
)

/**
 * An option of Docker's that would make another network than this; those of other makers are nobody's business here.
 * @throws TscomposeError NETWORK_NOT_SUPPORTED
 */
export function checkOptions({ name, options }: Options): void {
  const known: readonly string[] = [...Object.values(bridgeOption), ...ownDefaults]
  for (const [option, value] of Object.entries(options))
    if (option.startsWith('com.docker.network.') && !known.includes(option) && !known.includes(`${option}=${value}`))
      throw new TscomposeError('NETWORK_NOT_SUPPORTED', `not supported yet: network ${name} with ${option}=${value}`)
}

type Options = Pick<Network, 'name' | 'options'>

/** @throws TscomposeError NETWORK_OPTION_INVALID */
export function mtuOf({ name, options }: Options): number | undefined {
  const text = options[bridgeOption.mtu]
  if (text === undefined) return undefined
  const mtu = Number(text)
  if (Number.isInteger(mtu) && mtu >= 68 && mtu <= 65535) return mtu
  throw new TscomposeError('NETWORK_OPTION_INVALID', `network ${name}: ${bridgeOption.mtu} cannot be "${text}"`)
}

/** What the kernel takes as the name of a device. @throws TscomposeError NETWORK_OPTION_INVALID */
export function bridgeNameOf({ name, options }: Options): string | undefined {
  const text = options[bridgeOption.name]
  if (text === undefined || /^(?!\.{1,2}$)[\w.@+-]{1,15}$/.test(text)) return text
  throw new TscomposeError('NETWORK_OPTION_INVALID', `network ${name}: ${bridgeOption.name} cannot be "${text}"`, {
    fix: 'The name of a device has at most 15 characters: letters, digits, and . _ - + @',
  })
}

/** A network that is there in the kernel. */
export interface LiveNetwork {
  readonly network: Network
  /** The number of the bridge, or of the parent; another one when somebody has deleted it and it was made again. */
  index: number
  /** False for a parent that was there before, and stays. */
  readonly ownsDevice: boolean
  readonly leases: LeaseBook
  /** Containers on it: ids and names. */
  readonly members: Map<string, string>
  readonly switchedForwardingOn: boolean
}

export const prefixOf = ({ subnet }: { readonly subnet: string }): number => parseSubnet(subnet).prefix

export const firewallNetwork = (network: Network): FirewallNetwork => ({
  bridge: network.bridge,
  internal: network.internal,
  masquerade: network.options[bridgeOption.masquerade] !== 'false',
  ipv4: subnetOf(network, 4)?.subnet,
  ipv6: subnetOf(network, 6)?.subnet,
})

/**
 * Makes the bridge of a network, with the gateway's addresses. To be called under the host's lock.
 * @param links the host's devices
 * @throws TscomposeError NETWORK_BRIDGE_NAME_TAKEN; nothing is left then
 */
export async function makeBridge(
  { instance, route, links: hostLinks }: Host,
  network: Network,
  links: readonly Link[],
): Promise<Pick<LiveNetwork, 'index' | 'ownsDevice' | 'switchedForwardingOn'>> {
  const { bridge: name, id: networkId, mtu } = network
  if (links.some(link => link.name === name))
    throw new TscomposeError('NETWORK_BRIDGE_NAME_TAKEN', `a network device named ${name} exists already`, {
      fix: `Remove it, or choose another ${bridgeOption.name}.`,
    })
  const switchedForwardingOn = !network.internal && switchForwardingOn(links)
  const alias = deviceAlias(instance, { kind: 'network', networkId, switchedForwardingOn })
  const subnets = ([4, 6] as const).flatMap(family => subnetOf(network, family) ?? [])
  const address = macFromAddress(subnets[0]?.gateway ?? '')
  const [reply] = await route.request(newBridge({ name, address, mtu }), bringUpBridge(name, alias), getLink(name))
  if (reply === undefined) throw new TscomposeError('NETWORK_SETUP_FAILED', `the bridge ${name} has vanished`)
  const { index } = decodeLink(reply)
  try {
    const sysctl = (path: string, value: string) => writeFileSync(`/proc/sys/net/${path}`, value)
    sysctl(`ipv4/conf/${name}/route_localnet`, '1') // for ports published on 127.0.0.1; the firewall guards it
    for (const subnet of subnets) await route.request(newAddress(index, subnet.gateway, prefixOf(subnet)))
    // From it the kernel asks for neighbours when it forwards; it is Docker's.
    if (subnetOf(network, 6)) await route.request(newAddress(index, 'fe80::1', 64))
    return { index, ownsDevice: true, switchedForwardingOn }
  } catch (error) {
    await hostLinks.delete([index])
    throw error
  }
}

/** Puts the containers' devices that are not on the bridge of their network onto it: it is another one than it was. */
export async function rejoin(
  { instance, route }: Host,
  { network, index }: Pick<LiveNetwork, 'network' | 'index'>,
  links: readonly Link[],
): Promise<void> {
  const strayed = links.filter(({ alias, master }) => {
    const device = parseDeviceAlias(alias)
    const { purpose } = device ?? {}
    const isOurs =
      device?.instanceId === instance.id && purpose?.kind === 'endpoint' && purpose.networkId === network.id
    return isOurs && master !== index
  })
  const isolated = network.options[bridgeOption.icc] === 'false'
  // What is set of a port of a bridge goes with its place on it.
  const messages = strayed.flatMap(({ index: port, name = '', alias = '' }) => [
    setLink(port, { master: index }),
    bringUpPort(name, alias, isolated),
  ])
  await route.request(...messages)
}
