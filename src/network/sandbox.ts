import { settleAll } from '../settle.ts'
import { linux } from '../sys/kernel.ts'
import type { LiveNetwork } from './bridge.ts'
import { renderResolvConf } from './dns/resolv-conf.ts'
import { openDnsSockets } from './dns/sockets.ts'
import { readResolvConf } from './dns/upstream.ts'
import { normalName } from './dns/zone.ts'
import { bringUp, defaultRoutes, type LiveEndpoint, plugIn, releaseEndpoint, takeEndpoint, unplug } from './endpoint.ts'
import type { PortRule } from './firewall/ruleset.ts'
import type { Host } from './host/host.ts'
import { Inside } from './inside.ts'
import { vethName } from './instance.ts'
import { unlessGone } from './links.ts'
import { inNamespace, interfaceNames, isPinned, pinNamespace, unpinNamespace } from './namespace.ts'
import { setLink } from './netlink/link.ts'
import { NETLINK, NetlinkSocket } from './netlink/socket.ts'
import type { DnsSpec, Endpoint, EndpointSpec, PortSpec, PublishedPort, Sandbox } from './network.ts'
import { Publishing } from './publishing.ts'
import { tell } from './service/rpc.ts'
import type { Reach } from './service/service.ts'
import { disableIPv6, writeSysctls } from './sysctl.ts'

/** What a sandbox is made from, beside its endpoints. */
export interface SandboxIdentity {
  readonly containerId: string
  readonly containerName: string
  readonly netnsPath: string
  readonly requestedPorts: readonly PortSpec[]
  readonly dns: DnsSpec
  readonly resolvConf: string
}

/**
 * One container's network, live. Its parts are made side by side, since most of the time goes into waiting for the
 * kernel; `remove` takes away whatever of them is there, so it also cleans up after a failure.
 */
export class LiveSandbox {
  readonly #host: Host
  #identity: SandboxIdentity
  readonly #publishing: Publishing
  #endpoints: readonly LiveEndpoint[] = []
  #hasDns = false
  #nameServer: number | undefined
  /** Taken over without a network that could not be made again. */
  #isPartial = false
  #removed: Promise<void> | undefined

  constructor(host: Host, identity: SandboxIdentity) {
    this.#host = host
    this.#identity = identity
    this.#publishing = new Publishing(host, identity.requestedPorts)
  }

  get endpoints(): readonly LiveEndpoint[] {
    return this.#endpoints
  }

  get netnsPath(): string {
    return this.#identity.netnsPath
  }

  get isWhole(): boolean {
    const { netnsPath: path } = this.#identity
    if (this.#isPartial || !isPinned(path)) return false
    const names = interfaceNames(path)
    return this.#endpoints.every(({ endpoint }) => names.includes(endpoint.interfaceName))
  }

  get containerName(): string {
    return this.#identity.containerName
  }

  /** See `Networks`. */
  get nameServer(): number | undefined {
    return this.#nameServer
  }

  describe(): Sandbox {
    const endpoints = this.#endpoints.map(({ endpoint }) => endpoint)
    const { ports, requested: requestedPorts } = this.#publishing
    return { ...this.#identity, endpoints, ports, requestedPorts }
  }

  /** Makes all of it. @throws TscomposeError NETWORK_*; nothing is left then */
  async create(
    endpoints: readonly { readonly spec: EndpointSpec; readonly live: LiveNetwork }[],
    sysctl: Readonly<Record<string, string>>,
    namespace?: string,
  ): Promise<void> {
    const { netnsPath: path } = this.#identity
    try {
      for (const { spec, live } of endpoints) this.#take(spec, live)
      await this.#publishing.reserve(this.#endpoints)
      await this.#makeNamespace(namespace)
      if (Object.keys(sysctl).length > 0) inNamespace(path, () => writeSysctls(sysctl))
    } catch (error) {
      await this.remove()
      await this.#host.departures.settled(({ containerId }) => containerId === this.#identity.containerId)
      throw error
    }
  }

  #take(spec: EndpointSpec, live: LiveNetwork): LiveEndpoint {
    const { containerId, containerName } = this.#identity
    const names = this.#endpoints.map(({ endpoint }) => endpoint.interfaceName)
    const taken = takeEndpoint(this.#host, live, spec, `container ${containerName}`, names)
    this.#endpoints = [...this.#endpoints, taken]
    live.members.set(containerId, containerName)
    return taken
  }

  async #makeNamespace(existing?: string): Promise<void> {
    const visit = () => {
      if (this.#endpoints.length > 0) disableIPv6()
      return new NetlinkSocket(NETLINK.ROUTE)
    }
    using inside = new Inside(this.#host.links, pinNamespace(this.#identity.netnsPath, visit, existing))
    // First: a socket that is bound to 127.0.0.11 before lo has its addresses would answer from 127.0.0.1.
    await inside.configure(setLink('lo', { up: true }))
    if (this.#endpoints.length > 0) await this.#setUp(inside, this.#endpoints)
  }

  /** Everything of `endpoints` within a namespace that has none yet. While the kernel makes devices, the rest is done. */
  async #setUp(inside: Inside, endpoints: readonly LiveEndpoint[]): Promise<void> {
    await settleAll([
      this.#plugIn(inside, endpoints).then(() => this.#awaitUp(endpoints)),
      ...endpoints.map(endpoint => this.#addNames(endpoint)),
      this.#openDns(),
      this.#publishing.update(this.#endpoints),
      this.#host.firewall.check(),
    ])
  }

  async #plugIn(inside: Inside, endpoints: readonly LiveEndpoint[]): Promise<void> {
    const { containerId, netnsPath: namespace } = this.#identity
    await this.#host.links.make(() => plugIn(this.#host, endpoints, { containerId, namespace }))
    await inside.configure(...endpoints.flatMap(bringUp), ...defaultRoutes(this.#endpoints))
    await inside.hears(endpoints.flatMap(({ endpoint }) => endpoint.ipv6Address ?? []))
  }

  #awaitUp(endpoints: readonly LiveEndpoint[]): Promise<void> {
    return this.#host.links.up(endpoints.flatMap(({ live, veth }) => (veth ? [veth, live.network.bridge] : [])))
  }

  /**
   * Leads queries to sockets of ours. What comes there waits until the name server has them, which is when the result
   * resolves.
   * @param nameServer the socket of an earlier engine, where somebody has held it
   */
  async #openDns(nameServer?: number): Promise<void> {
    const { containerId, netnsPath: path, dns } = this.#identity
    const sockets = inNamespace(path, () => openDnsSockets(this.#hasDns, dns.servers, nameServer))
    this.#hasDns = true
    this.#nameServer = sockets.udpFd
    await this.#host.service.openDns({ containerId, ...sockets, servers: dns.servers, reach: this.#reach() })
  }

  /** Names are looked up on the network of the default route first. */
  #reach(): Reach {
    const endpoints = this.#endpoints.toSorted((a, b) => b.endpoint.gatewayPriority - a.endpoint.gatewayPriority)
    const links = endpoints.flatMap(({ endpoint }) => Object.entries(endpoint.links ?? {}))
    return {
      networkIds: endpoints.map(({ live }) => live.network.id),
      links: Object.fromEntries(links.map(names => names.map(normalName))),
    }
  }

  #addNames({ live, endpoint }: LiveEndpoint): Promise<void> {
    const { containerId, containerName } = this.#identity
    return this.#host.service.addHost(live.network.id, {
      containerId,
      containerName,
      names: endpoint.dnsNames.map(name => name.toLowerCase()),
      ipv4: endpoint.ipv4Address,
      ipv6: endpoint.ipv6Address,
    })
  }

  async publish(ports: readonly PortSpec[]): Promise<void> {
    await this.#publishing.change(ports, this.#endpoints)
  }

  /** The addresses stay; what others call it changes at once. @param dnsNames by network id */
  async rename(containerName: string, dnsNames: Readonly<Record<string, readonly string[]>>): Promise<void> {
    this.#identity = { ...this.#identity, containerName }
    this.#endpoints = this.#endpoints.map(({ endpoint, ...rest }) => ({
      ...rest,
      endpoint: { ...endpoint, dnsNames: dnsNames[endpoint.networkId] ?? endpoint.dnsNames },
    }))
    for (const { live, endpoint } of this.#endpoints) {
      live.members.set(this.#identity.containerId, containerName)
      this.#holdAddresses(live, endpoint)
    }
    await settleAll(this.#endpoints.map(endpoint => this.#addNames(endpoint)))
  }

  /** Tells the network whose the addresses of an endpoint are. */
  #holdAddresses({ leases }: LiveNetwork, { leaseKey: key, ipv4Address, ipv6Address }: Endpoint): void {
    const holder = `container ${this.#identity.containerName}`
    if (ipv4Address !== undefined) leases.use(4, { key, address: ipv4Address, holder })
    if (ipv6Address !== undefined) leases.use(6, { key, address: ipv6Address, holder })
  }

  async connect(spec: EndpointSpec, live: LiveNetwork): Promise<Endpoint> {
    const { containerId, netnsPath: path } = this.#identity
    const added = this.#take(spec, live)
    try {
      using inside = Inside.enter(this.#host.links, path)
      if (this.#hasDns) {
        await settleAll([this.#plugIn(inside, [added]), this.#addNames(added)])
        await settleAll([this.#awaitUp([added]), this.#host.service.setReach(containerId, this.#reach())])
      } else {
        await this.#setUp(inside, [added])
        const { dns } = this.#identity
        this.#identity = { ...this.#identity, resolvConf: renderResolvConf(dns, readResolvConf()) }
      }
      await this.#publishing.update(this.#endpoints)
      return added.endpoint
    } catch (error) {
      await this.disconnect(live.network.id)
      throw error
    }
  }

  /** Does nothing if the container is not on that network. */
  async disconnect(networkId: string): Promise<void> {
    const { containerId, netnsPath: path } = this.#identity
    const removed = this.#endpoints.find(({ live }) => live.network.id === networkId)
    if (!removed) return
    this.#endpoints = this.#endpoints.filter(endpoint => endpoint !== removed)
    const { links, service } = this.#host
    using inside = Inside.enter(this.#host.links, path)
    await settleAll([
      service.removeHost(networkId, containerId),
      service.setReach(containerId, this.#reach()),
      this.#publishing.update(this.#endpoints),
      removed.veth ? links.delete([removed.veth]) : unlessGone(inside.request(unplug(removed))),
    ])
    await inside.request(...defaultRoutes(this.#endpoints))
    this.#release(removed)
  }

  /**
   * Takes over from an earlier engine: its devices and routes are there, its sockets have gone with it.
   * @param endpoints with the veth that was found, none: it has gone and is made anew; without the network: that could
   * not be made again
   * @param nameServer its socket, where somebody has held it
   * @returns what the firewall has to translate
   */
  async adopt(
    endpoints: readonly {
      readonly endpoint: Endpoint
      readonly live: LiveNetwork | undefined
      readonly veth: string | undefined
    }[],
    ports: readonly PublishedPort[],
    nameServer?: number,
  ): Promise<readonly PortRule[]> {
    const { containerId, containerName, netnsPath: path } = this.#identity
    const { instance } = this.#host
    const lost: LiveEndpoint[] = []
    for (const { endpoint, live, veth } of endpoints) {
      if (live === undefined) {
        this.#isPartial = true
        continue
      }
      this.#holdAddresses(live, endpoint)
      live.members.set(containerId, containerName)
      const isChild = live.network.driver !== undefined
      const adopted = { endpoint, live, ...(!isChild && { veth: veth ?? vethName(instance) }) }
      this.#endpoints = [...this.#endpoints, adopted]
      if (isChild ? !interfaceNames(path).includes(endpoint.interfaceName) : veth === undefined) lost.push(adopted)
    }
    if (this.#endpoints.length === 0) {
      if (nameServer !== undefined) linux.close(nameServer)
      return []
    }
    if (lost.length > 0) {
      using inside = Inside.enter(this.#host.links, path)
      await this.#plugIn(inside, lost)
    }
    // The service's thread may only be starting; queries wait in their sockets, and nobody has to wait here.
    for (const endpoint of this.#endpoints) tell(this.#addNames(endpoint))
    this.#hasDns = true
    tell(this.#openDns(nameServer))
    return await this.#publishing.adopt(ports, this.#endpoints)
  }

  /** Resolves when nothing reaches it any more; the rest is a departure. Idempotent. */
  remove(): Promise<void> {
    this.#removed ??= this.#remove()
    return this.#removed
  }

  async #remove(): Promise<void> {
    const { containerId } = this.#identity
    const { service, departures } = this.#host
    const endpoints = this.#endpoints
    this.#endpoints = []
    this.#nameServer = undefined
    try {
      await settleAll([
        this.#publishing.close(),
        // Its sockets would keep the namespace.
        ...(this.#hasDns ? [service.closeDns(containerId)] : []),
        ...endpoints.map(({ live }) => service.removeHost(live.network.id, containerId)),
      ])
    } finally {
      for (const { live } of endpoints) live.members.delete(containerId)
      departures.add({
        containerId,
        endpoints: endpoints.map(({ endpoint }) => endpoint),
        gone: this.#depart(endpoints),
      })
    }
  }

  /**
   * The devices go before the namespace: with it the kernel would remove them, too, but in the background and in twice
   * the time. A parent takes no second child of the same address.
   */
  async #depart(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const veths = endpoints.flatMap(({ veth }) => veth ?? [])
    try {
      await settleAll([this.#host.links.delete(veths), this.#unplugChildren(endpoints)])
    } finally {
      await unpinNamespace(this.#identity.netnsPath)
      // Only now: a neighbour would send to the old device what is meant for the next that gets the address.
      for (const endpoint of endpoints) releaseEndpoint(endpoint)
    }
  }

  async #unplugChildren(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const { netnsPath: path } = this.#identity
    const children = endpoints.filter(({ veth }) => veth === undefined)
    if (children.length === 0 || !isPinned(path)) return
    using inside = Inside.enter(this.#host.links, path)
    await unlessGone(inside.request(...children.map(unplug)))
  }

  #release(endpoint: LiveEndpoint): void {
    releaseEndpoint(endpoint)
    endpoint.live.members.delete(this.#identity.containerId)
  }
}
