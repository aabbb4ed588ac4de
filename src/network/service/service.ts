import { InsideResolver } from '../dns/inside.ts'
import { DnsServer } from '../dns/server.ts'
import { HostResolvers } from '../dns/upstream.ts'
import { type Host, type Zone, type ZoneSpec, zoneOf } from '../dns/zone.ts'
import { type Target, TcpProxy } from '../proxy/tcp.ts'
import { UdpProxy } from '../proxy/udp.ts'

/** The DNS server of one container. */
export interface DnsSandbox {
  readonly containerId: string
  /** Descriptors of bound sockets, made in the container's namespace; they are the service's from now on. */
  readonly udpFd: number
  readonly tcpFd: number
  /** Of a socket that asks servers within the container; absent where there are none. */
  readonly insideFd?: number | undefined
  /** Servers for names that are not ours; none: the host's. */
  readonly servers: readonly string[]
  readonly reach: Reach
}

/** What names a container knows. */
export interface Reach {
  /** Of these networks; the first that knows a name answers. */
  readonly networkIds: readonly string[]
  /** Names of its own for those of others, in lower case. */
  readonly links: Readonly<Record<string, string>>
}

/** A reserved port of the host, by the descriptor of its socket; that is the service's from now on. */
export interface ProxySpec {
  readonly fd: number
  readonly protocol: 'tcp' | 'udp'
  readonly hostIp: string
  readonly target: Target
}

/**
 * What goes on between a packet and the engine: name service and proxies. It has a thread of its own, so that a lookup
 * takes microseconds while the engine unpacks an image, and a download through a proxy does not hold up the engine.
 */
export class NetworkService {
  readonly #hostResolvers = new HostResolvers()
  readonly #zones = new Map<string, { readonly spec: ZoneSpec; readonly hosts: Map<string, Host>; zone: Zone }>()
  readonly #sandboxes = new Map<
    string,
    { readonly server: DnsServer; readonly inside: InsideResolver | undefined; reach: Reach }
  >()
  /** Counts whatever changes an answer. */
  #version = 0
  readonly #proxies = new Map<number, TcpProxy | UdpProxy>()

  addZone(networkId: string, spec: ZoneSpec): void {
    this.#zones.set(networkId, { spec, hosts: new Map(), zone: zoneOf(spec, []) })
    this.#version++
  }

  removeZone(networkId: string): void {
    this.#zones.delete(networkId)
    this.#version++
  }

  addHost(networkId: string, host: Host): void {
    const entry = this.#zones.get(networkId)
    if (!entry) return
    entry.hosts.set(host.containerId, host)
    entry.zone = zoneOf(entry.spec, [...entry.hosts.values()])
    this.#version++
  }

  removeHost(networkId: string, containerId: string): void {
    const entry = this.#zones.get(networkId)
    if (!entry?.hosts.delete(containerId)) return
    entry.zone = zoneOf(entry.spec, [...entry.hosts.values()])
    this.#version++
  }

  openDns({ containerId, udpFd, tcpFd, insideFd, servers, reach }: DnsSandbox): void {
    const inside = insideFd === undefined ? undefined : new InsideResolver(insideFd)
    const view = {
      version: () => this.#version,
      zones: () =>
        (this.#sandboxes.get(containerId)?.reach.networkIds ?? []).flatMap(id => this.#zones.get(id)?.zone ?? []),
      linked: (name: string) => this.#sandboxes.get(containerId)?.reach.links[name],
      inside,
      upstream: () => (servers.length > 0 ? servers : this.#hostResolvers.servers()),
    }
    this.#sandboxes.set(containerId, { server: new DnsServer({ udpFd, tcpFd }, view), inside, reach })
  }

  setReach(containerId: string, reach: Reach): void {
    const sandbox = this.#sandboxes.get(containerId)
    if (sandbox) sandbox.reach = reach
    this.#version++
  }

  async closeDns(containerId: string): Promise<void> {
    const { server, inside } = this.#sandboxes.get(containerId) ?? {}
    await Promise.all([server?.[Symbol.asyncDispose](), inside?.[Symbol.asyncDispose]()])
    this.#sandboxes.delete(containerId)
  }

  openProxy({ fd, protocol, hostIp, target }: ProxySpec): void {
    const family = hostIp.includes(':') ? 'udp6' : 'udp4'
    this.#proxies.set(fd, protocol === 'tcp' ? new TcpProxy(fd, target) : new UdpProxy(fd, family, target))
  }

  setTarget(fd: number, target: Target): void {
    const proxy = this.#proxies.get(fd)
    if (proxy) proxy.target = target
  }

  async closeProxy(fd: number): Promise<void> {
    const proxy = this.#proxies.get(fd)
    this.#proxies.delete(fd)
    await proxy?.[Symbol.asyncDispose]()
  }
}
