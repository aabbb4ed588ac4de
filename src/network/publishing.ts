import { TscomposeError } from '../errors.ts'
import { settleAll } from '../settle.ts'
import { subnetsOfFamily } from './addresses/subnets.ts'
import type { LiveNetwork } from './bridge.ts'
import { addressesOf, gatewayEndpoint, hostForwardsIPv6, type LiveEndpoint } from './endpoint.ts'
import type { DirectPort, PortMapping, PortRule } from './firewall/ruleset.ts'
import type { Host } from './host/host.ts'
import type { PortSpec, PublishedPort } from './network.ts'
import { isAnywhere, placesOf, type Ways } from './ports/places.ts'
import { comparePublications, type Publication, portsOf } from './ports/publication.ts'
import { type Reservation, release, reservePort } from './ports/reserve.ts'
import { tell } from './service/rpc.ts'

/**
 * The published ports of one container. Each is reserved by a listening socket of the host, which a proxy has; IPv4
 * packets are translated by the firewall before they get there. They lead to the endpoint that has the default route,
 * so that answers go back the way they came.
 */
export class Publishing {
  readonly #host: Host
  #requested: readonly PortSpec[]
  #publications: readonly Publication[] = []
  #rules: readonly PortRule[] = []
  /** Where the ports lead; undefined: they are not open. */
  #target: Target | undefined

  constructor(host: Host, requested: readonly PortSpec[]) {
    this.#host = host
    this.#requested = requested
  }

  get requested(): readonly PortSpec[] {
    return this.#requested
  }

  get ports(): readonly PublishedPort[] {
    return portsOf(this.#publications)
  }

  /**
   * Reserves all ports, if there is a way out: what can fail, before anything is made that costs more.
   * @throws TscomposeError NETWORK_PORT_TAKEN and the like; none is reserved then
   */
  async reserve(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const by = publishedBy(endpoints)
    if (by === undefined || this.#publications.length > 0) return
    this.#publications = await this.#reserve(this.#requested, by)
  }

  async #reserve(specs: readonly PortSpec[], { live }: LiveEndpoint): Promise<readonly Publication[]> {
    const ways = waysOf(live)
    const defaultHostIp = live.options.hostBinding || this.#host.defaultBindAddress
    const publications: Publication[] = []
    try {
      for (const spec of specs) {
        const { bound, direct } = placesOf(spec, spec.hostIp || defaultHostIp, ways)
        const reservations = bound.length === 0 ? [] : await this.#reserveOn(bound, spec)
        const { protocol, containerPort } = spec
        const ports = [
          ...reservations.map(({ fd: _, ...port }) => port),
          ...direct.map(family => ({ protocol, containerPort, hostIp: family === 4 ? '0.0.0.0' : '::', hostPort: 0 })),
        ]
        publications.push({ spec, reservations, ports })
      }
      return publications
    } catch (error) {
      release(reservationsOf(publications))
      throw error
    }
  }

  #reserveOn(addresses: readonly string[], spec: PortSpec): Promise<readonly Reservation[]> {
    return reservePort(spec, addresses, (protocol, port) => this.#host.containerOnPort(protocol, port))
  }

  /**
   * Publishes for what the container's endpoints are now: opens the ports, or leads them to another address, or closes
   * them if there is no way out any more. @throws as reserve()
   */
  async update(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const target = targetOf(endpoints)
    if (isSame(target, this.#target) || this.#requested.length === 0) return
    if (target === undefined) return this.close()
    // Another way in: nothing of what there is serves for that.
    if (this.#target && this.#target.ways !== target.ways) await this.close()
    await this.reserve(endpoints)
    const isOpen = this.#target !== undefined
    const lead = isOpen ? this.#leadProxies(target) : this.#openProxies(this.#publications, target)
    await settleAll([...lead, this.#map(target)])
  }

  /**
   * Publishes other ports while the container runs: what stays is not disturbed, and a port that now leads to another of
   * the container's is not let go in between.
   * @throws as reserve(); everything is as before then
   */
  async change(requested: readonly PortSpec[], endpoints: readonly LiveEndpoint[]): Promise<void> {
    const by = publishedBy(endpoints)
    const target = targetOf(endpoints)
    if (by === undefined || target === undefined) {
      this.#requested = requested
      return
    }
    const { staying, dropped, missing } = comparePublications(this.#publications, requested)
    const fresh = await this.#reserve(missing, by)
    this.#requested = requested
    this.#publications = [...staying, ...fresh]
    const isOpen = this.#target !== undefined
    await settleAll([
      ...(isOpen ? this.#leadProxies(target, staying) : this.#openProxies(staying, target)),
      ...this.#openProxies(fresh, target),
      this.#map(target),
    ])
    await settleAll(this.#closeProxies(dropped))
  }

  /** The proxies get the sockets; what comes before that waits in the kernel. */
  #openProxies(publications: readonly Publication[], { address }: Target): readonly Promise<void>[] {
    return proxied(publications).map(({ fd, protocol, hostIp, containerPort: port }) =>
      this.#host.service.openProxy({ fd, protocol, hostIp, target: { address, port } }),
    )
  }

  #leadProxies({ address }: Target, publications = this.#publications): readonly Promise<void>[] {
    return proxied(publications).map(({ fd, containerPort: port }) =>
      this.#host.service.setTarget(fd, { address, port }),
    )
  }

  #closeProxies(publications: readonly Publication[]): readonly Promise<void>[] {
    release(reservationsOf(publications).filter(({ protocol }) => protocol === 'sctp'))
    return proxied(publications).map(({ fd }) => this.#host.service.closeProxy(fd))
  }

  /** Takes over ports from an earlier engine. One that somebody has taken meanwhile is translated nevertheless. */
  async adopt(ports: readonly PublishedPort[], endpoints: readonly LiveEndpoint[]): Promise<readonly PortRule[]> {
    const target = targetOf(endpoints)
    if (target === undefined) return []
    const rest = new Set(ports)
    for (const spec of this.#requested) {
      const own = takeRows(rest, spec)
      const reservations: Reservation[] = []
      for (const { hostIp, hostPort, ...port } of own) {
        if (hostPort === 0) continue
        try {
          const spec = { ...port, hostPort: { from: hostPort, to: hostPort } }
          reservations.push(...(await this.#reserveOn([hostIp], spec)))
        } catch (error) {
          if (!(error instanceof TscomposeError)) throw error
        }
      }
      this.#publications = [...this.#publications, { spec, ports: own, reservations }]
    }
    for (const proxy of this.#openProxies(this.#publications, target)) tell(proxy)
    this.#target = target
    this.#rules = rulesOf(this.ports, target)
    return this.#rules
  }

  /** Those that stay as they are are not touched. */
  async #map(target: Target): Promise<void> {
    const former = this.#rules
    const same = (wanted: PortRule) => former.find(rule => JSON.stringify(rule) === JSON.stringify(wanted))
    this.#target = target
    this.#rules = rulesOf(this.ports, target).map(rule => same(rule) ?? rule)
    const removed = former.filter(rule => !this.#rules.includes(rule))
    const added = this.#rules.filter(rule => !former.includes(rule))
    await this.#host.firewall.unpublish(removed)
    await this.#host.firewall.publish(added)
    await this.#forget([...removed, ...added])
  }

  #forget(rules: readonly PortRule[]): Promise<void> {
    const ports = rules.flatMap(rule => (rule.protocol === 'udp' && 'hostPort' in rule ? [rule.hostPort] : []))
    return this.#host.forgetUdp([...new Set(ports)])
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const [publications, rules, isOpen] = [this.#publications, this.#rules, this.#target !== undefined]
    this.#publications = []
    this.#rules = []
    this.#target = undefined
    if (!isOpen) release(reservationsOf(publications))
    await settleAll([...(isOpen ? this.#closeProxies(publications) : []), this.#host.firewall.unpublish(rules)])
    await this.#forget(rules)
  }
}

const reservationsOf = (publications: readonly Publication[]): readonly Reservation[] =>
  publications.flatMap(({ reservations }) => reservations)

/** No proxy carries SCTP: its sockets only keep the port. */
const proxied = (publications: readonly Publication[]) =>
  reservationsOf(publications).flatMap(({ protocol, ...rest }) => (protocol === 'sctp' ? [] : [{ protocol, ...rest }]))

/** Nobody comes to a port of the host by the children of a parent. */
const publishedBy = (endpoints: readonly LiveEndpoint[]): LiveEndpoint | undefined =>
  gatewayEndpoint(endpoints.filter(({ live }) => live.network.driver === undefined))

function waysOf({ network, options }: LiveNetwork): Ways {
  const has = (family: 4 | 6) => subnetsOfFamily(network, family).length > 0
  return {
    networkName: network.name,
    modes: options.gatewayMode,
    has: { 4: has(4), 6: has(6) },
    forwards: { 4: true, 6: hostForwardsIPv6() },
  }
}

/** The addresses to which published ports lead. */
interface Target {
  /** For proxies, and for what comes by its family. */
  readonly address: string
  /** Where the kernel takes IPv6 there, so that the client's address is kept. */
  readonly ipv6: string | undefined
  /** The container's own, by which it is reached where the network is routed, and from trusted devices. */
  readonly own: Readonly<Record<4 | 6, string | undefined>>
  readonly trusted: readonly string[]
  /** In words: from what it makes a difference for, ports have to be published anew. */
  readonly ways: string
}

function targetOf(endpoints: readonly LiveEndpoint[]): Target | undefined {
  const by = publishedBy(endpoints)
  const [address] = by ? addressesOf(by.endpoint) : []
  if (!by || !address) return undefined
  const { ipv4Address, ipv6Address } = by.endpoint
  const { gatewayMode, trustedInterfaces } = by.live.options
  return {
    address,
    ipv6: hostForwardsIPv6() ? ipv6Address : undefined,
    own: { 4: ipv4Address, 6: ipv6Address },
    trusted: trustedInterfaces,
    ways: [ipv4Address && gatewayMode[4] === 'routed', ipv6Address && gatewayMode[6] === 'routed'].join(),
  }
}

const isSame = (one: Target | undefined, other: Target | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** The rows that were made of one request, with one number on all addresses; they are taken out of `rows`. */
function takeRows(rows: Set<PublishedPort>, { protocol, containerPort, hostIp, hostPort }: PortSpec) {
  const fits = (row: PublishedPort) =>
    row.protocol === protocol &&
    row.containerPort === containerPort &&
    (row.hostPort === 0 || !hostIp || row.hostIp === hostIp) &&
    (row.hostPort === 0 || !hostPort || (row.hostPort >= hostPort.from && row.hostPort <= hostPort.to))
  const candidates = [...rows].filter(fits)
  const number = candidates.find(row => row.hostPort !== 0)?.hostPort
  const own = candidates.filter(row => row.hostPort === 0 || row.hostPort === number)
  for (const row of own) rows.delete(row)
  return own
}

/** Each once, though several ports of the host may lead to one of the container. */
const rulesOf = (ports: readonly PublishedPort[], target: Target): readonly PortRule[] => [
  ...new Map(
    ports
      .flatMap((port): PortRule[] => [...mappingOf(port, target), ...directOf(port, target)])
      .map(rule => [JSON.stringify(rule), rule]),
  ).values(),
]

/** What has no address of its family to go to is carried by the proxies. */
function mappingOf(
  { protocol, hostIp, hostPort, containerPort: port }: PublishedPort,
  { address, ipv6 }: Target,
): readonly PortMapping[] {
  const to = hostIp.includes(':') ? ipv6 : address.includes(':') ? undefined : address
  if (to === undefined || hostIp === '::1' || hostPort === 0) return []
  return [{ protocol, hostPort, address: to, port, ...(!isAnywhere(hostIp) && { hostIp }) }]
}

function directOf(
  { protocol, hostIp, hostPort, containerPort: port }: PublishedPort,
  { own, trusted }: Target,
): readonly DirectPort[] {
  const address = own[hostIp.includes(':') ? 6 : 4]
  if (address === undefined) return []
  const direct = { protocol, address, port }
  return hostPort === 0 ? [direct] : trusted.map(from => ({ ...direct, from }))
}
