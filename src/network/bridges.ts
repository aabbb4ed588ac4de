import { TscomposeError } from '../errors.ts'
import { settleAll } from '../settle.ts'
import { formatSubnet, overlaps, parseSubnet } from './addresses/address.ts'
import { LeaseBook } from './addresses/lease-book.ts'
import { decideSubnets, type Occupied, type Pool } from './addresses/subnets.ts'
import { Batch } from './batch.ts'
import { firewallNetwork, type LiveNetwork, makeBridge, rejoin } from './bridge.ts'
import { parseBridgeOptions } from './bridge-options.ts'
import { HostResolvers } from './dns/upstream.ts'
import { switchForwardingOff } from './host/forwarding.ts'
import type { Host } from './host/host.ts'
import { HostLock } from './host/lock.ts'
import { type HostNetwork, occupiedOf, readHostNetwork, uplinkMtu } from './host/occupied.ts'
import { bridgeName, parseDeviceAlias } from './instance.ts'
import type { Link } from './netlink/link.ts'
import type { Network, NetworkSpec } from './network.ts'
import { checkParentOptions, makeParent, parentName } from './parent.ts'

/** The networks of this engine: their bridges, subnets and names. */
export class Bridges {
  readonly #host: Host
  readonly #dataDir: string
  readonly #pools: readonly Pool[]
  readonly #resolvers = new HostResolvers()
  readonly #lock = new HostLock()
  readonly #live = new Map<string, LiveNetwork>()
  /** Taken over, but could not be made again yet. */
  readonly #unmade = new Map<string, Network>()
  readonly #removals = new Batch<LiveNetwork>(networks => this.#removeTogether(networks))

  constructor(host: Host, { dataDir, pools }: { dataDir: string; pools: readonly Pool[] }) {
    this.#host = host
    this.#dataDir = dataDir
    this.#pools = pools
  }

  live(): readonly LiveNetwork[] {
    return [...this.#live.values()]
  }

  /** A network to put a container on. @throws TscomposeError NETWORK_NOT_FOUND */
  async need(networkId: string): Promise<LiveNetwork> {
    const live = this.#live.get(networkId)
    if (live && this.#host.links.has(live.network.bridge, live.index)) return live
    if (live) return await this.#lock.hold(() => this.#restore(live))
    const unmade = this.#unmade.get(networkId)
    if (!unmade) throw new TscomposeError('NETWORK_NOT_FOUND', `network ${networkId} not found`)
    return await this.#lock.hold(async () => this.#live.get(networkId) ?? (await this.#remake(unmade)))
  }

  /**
   * One that is there already is as good. One that was taken over and could not be made again, since somebody has its
   * subnet now, gets another where the user has named none.
   */
  async create(spec: NetworkSpec): Promise<Network> {
    const known = this.#live.get(spec.id)
    if (known) return known.network
    return await this.#lock.hold(async () => {
      const known = this.#live.get(spec.id) ?? (await this.#remakeIfFree(spec))
      if (known) return known.network
      if (spec.driver) checkParentOptions(spec)
      const options = parseBridgeOptions(spec)
      const state = await readHostNetwork(this.#host.route)
      const subnets = decideSubnets(spec, this.#pools, this.#inTheWayOf(spec, state))
      const bridge = spec.driver
        ? parentName(this.#host.instance, spec)
        : (options.name ?? bridgeName(this.#host.instance, spec.id))
      const parent = spec.driver && state.links.find(({ name }) => name === bridge)
      const mtu = options.mtu ?? (parent ? parent.mtu : undefined) ?? uplinkMtu(state)
      const { network } = await this.#make({ ...spec, subnets, bridge, mtu }, state.links)
      return network
    })
  }

  /** Somebody has deleted the device. To be called under the lock. */
  async #restore(live: LiveNetwork): Promise<LiveNetwork> {
    const { network } = live
    const links = await this.#host.links.list()
    const there = links.find(({ name }) => name === network.bridge)
    if (there) live.index = there.index
    else if (network.driver) live.index = (await makeParent(this.#host, network, links)).index
    else live.index = (await makeBridge(this.#host, network, live.options, links)).index
    if (!network.driver) await rejoin(this.#host, live, links)
    return live
  }

  async #remakeIfFree({ id, subnets }: NetworkSpec): Promise<LiveNetwork | undefined> {
    const unmade = this.#unmade.get(id)
    if (!unmade) return undefined
    try {
      return await this.#remake(unmade)
    } catch (error) {
      const overlaps = error instanceof TscomposeError && error.code === 'NETWORK_SUBNET_OVERLAPS'
      if (!overlaps || subnets.length > 0) throw error
      return undefined
    }
  }

  /** To be called under the lock. */
  async #make(network: Network, links: readonly Link[]): Promise<LiveNetwork> {
    if (network.driver) return this.#enter(network, await makeParent(this.#host, network, links))
    const options = parseBridgeOptions(network)
    const made = await makeBridge(this.#host, network, options, links)
    try {
      await this.#host.firewall.addNetwork(network.id, firewallNetwork({ network, options, ...made }))
      return this.#enter(network, made)
    } catch (error) {
      await this.#deleteBridges([made])
      throw error
    }
  }

  #enter(network: Network, made: Bridge): LiveNetwork {
    const options = parseBridgeOptions(network)
    this.#host.zones.add(network.id, {
      networkName: network.name,
      internal: network.internal,
      subnets: network.subnets.map(({ subnet }) => subnet),
    })
    const leases = new LeaseBook(this.#dataDir, network.id)
    const live = { network, options, ...made, leases, members: new Map() }
    this.#live.set(network.id, live)
    this.#unmade.delete(network.id)
    return live
  }

  /**
   * Who names a subnet for a network on a parent means the one that is there, where the parent leads; only networks are
   * in its way then.
   */
  #inTheWayOf({ id, driver, subnets }: NetworkSpec, state: HostNetwork): readonly Occupied[] {
    const all = this.#occupied(state, id)
    if (!driver || subnets.length === 0) return all
    const networks = [...this.#live.values()].map(({ network }) => `network ${network.name}`)
    return all.filter(({ by }) => networks.includes(by))
  }

  /** @param networkId the network that asks: what it had before is not in its way */
  #occupied(state: HostNetwork, networkId: string): readonly Occupied[] {
    const nameOf = ({ alias, name }: Link) => {
      const device = parseDeviceAlias(alias)
      if (device === undefined) return `interface ${name}`
      const known =
        device.purpose.kind === 'network' ? this.#live.get(device.purpose.networkId)?.network.name : undefined
      return known === undefined ? `another engine's network (interface ${name})` : `network ${known}`
    }
    // On a parent no address of the host tells of a network.
    const onParents = [...this.#live.values()].map(({ network }) => network).filter(({ driver }) => driver)
    const others = [...this.#unmade.values(), ...onParents].filter(({ id }) => id !== networkId)
    const unmade = others.flatMap(({ name, subnets }) =>
      subnets.map(({ subnet }) => ({ subnet: parseSubnet(subnet), by: `network ${name}`, exclusive: true })),
    )
    return [...occupiedOf(state, this.#resolvers.servers(), nameOf), ...unmade]
  }

  /** @throws TscomposeError NETWORK_IN_USE naming the containers, NETWORK_NOT_FOUND */
  async remove(networkId: string): Promise<void> {
    if (this.#unmade.delete(networkId)) return new LeaseBook(this.#dataDir, networkId).remove()
    const live = this.#live.get(networkId)
    if (!live) throw new TscomposeError('NETWORK_NOT_FOUND', `network ${networkId} not found`)
    if (live.members.size > 0)
      throw new TscomposeError(
        'NETWORK_IN_USE',
        `network ${live.network.name} has active endpoints: ${[...live.members.values()].join(', ')}`,
      )
    this.#live.delete(networkId)
    try {
      await this.#removals.add(live)
    } catch (error) {
      this.#live.set(networkId, live)
      throw error
    }
  }

  async #removeTogether(networks: readonly LiveNetwork[]): Promise<void> {
    const { firewall, zones } = this.#host
    await this.#lock.hold(async () => {
      for (const { network } of networks) await firewall.removeNetwork(network.id)
      await this.#deleteBridges(networks)
    })
    for (const { network } of networks) zones.remove(network.id)
    await settleAll(networks.map(({ leases }) => leases.remove()))
  }

  /**
   * The table goes before the bridges, and forwarding before them too: whatever an engine that is killed meanwhile
   * leaves, a bridge is left by which the next one sees that there is something to clean up.
   */
  async #deleteBridges(bridges: readonly Bridge[]) {
    const { links } = this.#host
    const owned = bridges.filter(({ ownsDevice }) => ownsDevice)
    const doomed = new Set(owned.map(({ index }) => index))
    const before = bridges.map(({ forwardingBefore }) => forwardingBefore).find(mark => mark !== undefined)
    const switchOff = (all: readonly Link[]) =>
      before &&
      switchForwardingOff(
        all.filter(({ index }) => !doomed.has(index)),
        before,
      )
    await links.delete([...doomed], before && switchOff)
  }

  /**
   * Takes over from an earlier engine: what is there of these networks is used, what is not is made, and bridges that
   * nobody knows are removed. The firewall is put in place later, when the published ports are known too.
   * @returns the host's devices as they were found
   */
  async adopt(networks: readonly Network[]): Promise<readonly Link[]> {
    return await this.#lock.hold(async () => {
      const links = await this.#host.links.list()
      const found = new Map<string, Bridge>()
      for (const { alias, index } of links) {
        const device = parseDeviceAlias(alias)
        if (device?.instanceId !== this.#host.instance.id || device.purpose.kind !== 'network') continue
        const { networkId, forwardingBefore } = device.purpose
        found.set(networkId, { index, ownsDevice: true, forwardingBefore })
      }
      for (const { id, driver, bridge } of networks) {
        const parent = links.find(({ name }) => name === bridge)
        if (driver && parent && !found.has(id))
          found.set(id, { index: parent.index, ownsDevice: false, forwardingBefore: undefined })
      }
      const stale = new Map(found)
      for (const { id } of networks) stale.delete(id)
      if (stale.size > 0) {
        if (networks.length === 0) await this.#host.firewall.clear()
        await this.#deleteBridges([...stale.values()])
      }
      for (const network of networks) {
        const bridge = found.get(network.id)
        this.#unmade.set(network.id, network)
        try {
          if (bridge) this.#enter(network, bridge)
          else await this.#remake(network)
        } catch {
          // It stays unmade, and the reason is told to whoever needs it.
        }
      }
      return links
    })
  }

  /** @throws TscomposeError NETWORK_SUBNET_OVERLAPS if somebody has taken its subnet meanwhile, NETWORK_OPTION_INVALID */
  async #remake(network: Network): Promise<LiveNetwork> {
    parseBridgeOptions(network)
    const state = await readHostNetwork(this.#host.route)
    const others = this.#inTheWayOf(network, state).filter(({ exclusive }) => exclusive)
    for (const subnet of network.subnets.map(({ subnet }) => parseSubnet(subnet))) {
      const clash = others.find(other => overlaps(subnet, other.subnet))
      if (clash)
        throw new TscomposeError(
          'NETWORK_SUBNET_OVERLAPS',
          `network ${network.name} cannot be set up again: ${formatSubnet(subnet)} overlaps ${formatSubnet(clash.subnet)} of ${clash.by}`,
          { fix: 'Remove the network and create it anew.' },
        )
    }
    return await this.#make(network, state.links)
  }

  /** Resolves when the leases are on disk. */
  async flush(): Promise<void> {
    await settleAll(this.live().map(({ leases }) => leases.flush()))
  }
}

type Bridge = Pick<LiveNetwork, 'index' | 'ownsDevice' | 'forwardingBefore'>
