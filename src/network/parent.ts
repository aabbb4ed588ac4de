import { TscomposeError } from '../errors.ts'
import type { LiveNetwork } from './bridge.ts'
import type { Host } from './host/host.ts'
import { bridgeName, deviceAlias, type Instance } from './instance.ts'
import { bringUpBridge, decodeLink, getLink, type Link, newChild, newDummy, newVlan } from './netlink/link.ts'
import type { Message } from './netlink/message.ts'
import type { Endpoint, Network } from './network.ts'

/**
 * Networks on a device of the host. A container's interface is a child of that parent: its packets go straight to where
 * the parent leads, past the host's own bridges and firewall. The options are those of Docker's drivers.
 */

type Options = Pick<Network, 'name' | 'options' | 'internal' | 'id'>

const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const
const ipvlanModes = { l2: 0, l3: 1, l3s: 2 } as const
const ipvlanFlags = { bridge: 0, private: 1, vepa: 2 } as const

/** @throws TscomposeError NETWORK_OPTION_INVALID */
function choose<T>({ name, options }: Options, option: string, table: Readonly<Record<string, T>>, preset: string): T {
  const text = options[option] || preset
  const value = table[text]
  if (value !== undefined) return value
  throw new TscomposeError('NETWORK_OPTION_INVALID', `network ${name}: ${option} cannot be "${text}"`, {
    fix: `It is one of ${Object.keys(table).join(', ')}.`,
  })
}

const macvlanMode = (network: Options) => choose(network, 'macvlan_mode', macvlanModes, 'bridge')
const ipvlanMode = (network: Options) => choose(network, 'ipvlan_mode', ipvlanModes, 'l2')
const ipvlanFlag = (network: Options) => choose(network, 'ipvlan_flag', ipvlanFlags, 'bridge')

/** Networks of layer 3 have no neighbours to ask: everything goes out by the device. */
export const routesByDevice = (network: Network): boolean => network.driver === 'ipvlan' && ipvlanMode(network) > 0

/** The parent's name; without the option, or on an internal network, a device of our own that leads nowhere. */
export function parentName(instance: Instance, network: Options): string {
  const parent = network.options.parent
  return parent && !network.internal ? parent : bridgeName(instance, network.id)
}

/** @throws TscomposeError NETWORK_OPTION_INVALID if one of the options has a value that it cannot have */
export function checkParentOptions(network: Options & Pick<Network, 'driver'>): void {
  if (network.driver === 'macvlan') macvlanMode(network)
  else {
    ipvlanMode(network)
    ipvlanFlag(network)
  }
}

/**
 * Finds the parent, or makes it: `eth0.50` is VLAN 50 on eth0. To be called under the host's lock.
 * @throws TscomposeError NETWORK_PARENT_UNKNOWN
 */
export async function makeParent(
  { instance, route }: Host,
  network: Network,
  links: readonly Link[],
): Promise<Pick<LiveNetwork, 'index' | 'ownsDevice' | 'forwardingBefore'>> {
  const { bridge: name, id: networkId } = network
  const existing = links.find(link => link.name === name)
  if (existing) return { index: existing.index, ownsDevice: false, forwardingBefore: undefined }
  const alias = deviceAlias(instance, { kind: 'network', networkId })
  const [reply] = await route.request(newParent(network, instance, links), bringUpBridge(name, alias), getLink(name))
  if (reply === undefined) throw new TscomposeError('NETWORK_SETUP_FAILED', `the device ${name} has vanished`)
  return { index: decodeLink(reply).index, ownsDevice: true, forwardingBefore: undefined }
}

function newParent(
  { name: networkName, id, bridge: name }: Network,
  instance: Instance,
  links: readonly Link[],
): Message {
  if (name === bridgeName(instance, id)) return newDummy(name)
  const [, trunk, tag] = /^(.+)\.(\d{1,4})$/.exec(name) ?? []
  const link = links.find(one => one.name === trunk)
  const vlan = Number(tag)
  if (link && vlan >= 1 && vlan <= 4094) return newVlan({ name, link: link.index, id: vlan })
  throw new TscomposeError('NETWORK_PARENT_UNKNOWN', `network ${networkName}: there is no network device ${name}`, {
    fix: '`ip link` lists those there are; NAME.50 stands for VLAN 50 on the device NAME.',
  })
}

/** The container's interface, made in its namespace. */
export function newChildOf(
  { network, index: link }: LiveNetwork,
  { interfaceName: name, macAddress: address }: Endpoint,
  { index, netnsFd }: { readonly index: number; readonly netnsFd: number },
): Message {
  const child = { name, index, link, netnsFd, mtu: network.mtu }
  if (network.driver === 'macvlan')
    return newChild({ ...child, ...(address && { address }), kind: 'macvlan', mode: macvlanMode(network) })
  return newChild({ ...child, kind: 'ipvlan', mode: ipvlanMode(network), flags: ipvlanFlag(network) })
}
