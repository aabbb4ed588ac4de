import { TscomposeError } from '../errors.ts'
import { settleAll } from '../settle.ts'
import { bridgeOption } from './bridge.ts'
import { addressesOf, gatewayEndpoint, hostForwardsIPv6, type LiveEndpoint } from './endpoint.ts'
import type { PortMapping } from './firewall/ruleset.ts'
import type { Host } from './host/host.ts'
import type { PortSpec, PublishedPort } from './network.ts'
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
  #mappings: readonly PortMapping[] = []
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
    const defaultHostIp = live.network.options[bridgeOption.hostBinding] || this.#host.defaultBindAddress
    const publications: Publication[] = []
    try {
      for (const spec of specs) {
        const hostIp = spec.hostIp || defaultHostIp
        const reservations = await this.#reserveOne({ ...spec, ...(hostIp && { hostIp }) })
        publications.push({ spec, reservations, ports: reservations.map(({ fd: _, ...port }) => port) })
      }
      return publications
    } catch (error) {
      release(reservationsOf(publications))
      throw error
    }
  }

  #reserveOne(spec: PortSpec): Promise<readonly Reservation[]> {
    return reservePort(spec, (protocol, port) => this.#host.containerOnPort(protocol, port))
  }

  /**
   * Publishes for what the container's endpoints are now: opens the ports, or leads them to another address, or closes
   * them if there is no way out any more. @throws as reserve()
   */
  async update(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const target = targetOf(endpoints)
    if (isSame(target, this.#target) || this.#requested.length === 0) return
    if (target === undefined) return this.close()
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
  async adopt(ports: readonly PublishedPort[], endpoints: readonly LiveEndpoint[]): Promise<readonly PortMapping[]> {
    const target = targetOf(endpoints)
    if (target === undefined) return []
    const rest = new Set(ports)
    for (const spec of this.#requested) {
      const own = takeRows(rest, spec)
      const reservations: Reservation[] = []
      for (const { hostPort, ...port } of own) {
        try {
          reservations.push(...(await this.#reserveOne({ ...port, hostPort: { from: hostPort, to: hostPort } })))
        } catch (error) {
          if (!(error instanceof TscomposeError)) throw error
        }
      }
      this.#publications = [...this.#publications, { spec, ports: own, reservations }]
    }
    for (const proxy of this.#openProxies(this.#publications, target)) tell(proxy)
    this.#target = target
    this.#mappings = mappingsOf(this.ports, target)
    return this.#mappings
  }

  /** Those that stay as they are are not touched. */
  async #map(target: Target): Promise<void> {
    const former = this.#mappings
    const same = (wanted: PortMapping) => former.find(mapping => JSON.stringify(mapping) === JSON.stringify(wanted))
    this.#target = target
    this.#mappings = mappingsOf(this.ports, target).map(mapping => same(mapping) ?? mapping)
    const removed = former.filter(mapping => !this.#mappings.includes(mapping))
    const added = this.#mappings.filter(mapping => !former.includes(mapping))
    await this.#host.firewall.unpublish(removed)
    await this.#host.firewall.publish(added)
    await this.#forget([...removed, ...added])
  }

  #forget(mappings: readonly PortMapping[]): Promise<void> {
    const ports = mappings.filter(({ protocol }) => protocol === 'udp').map(({ hostPort }) => hostPort)
    return this.#host.forgetUdp([...new Set(ports)])
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const [publications, mappings, isOpen] = [this.#publications, this.#mappings, this.#target !== undefined]
    this.#publications = []
    this.#mappings = []
    this.#target = undefined
    if (!isOpen) release(reservationsOf(publications))
    await settleAll([...(isOpen ? this.#closeProxies(publications) : []), this.#host.firewall.unpublish(mappings)])
    await this.#forget(mappings)
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

/** The addresses to which published ports lead. */
interface Target {
  /** For proxies, and for what comes by its family. */
  readonly address: string
  /** Where the kernel takes IPv6 there, so that the client's address is kept. */
  readonly ipv6: string | undefined
}

function targetOf(endpoints: readonly LiveEndpoint[]): Target | undefined {
  const by = publishedBy(endpoints)
  const [address] = by ? addressesOf(by.endpoint) : []
  return by && address ? { address, ipv6: hostForwardsIPv6() ? by.endpoint.ipv6Address : undefined } : undefined
}

const isSame = (one: Target | undefined, other: Target | undefined): boolean =>
  one?.address === other?.address && one?.ipv6 === other?.ipv6

/** The rows that were made of one request, with one number on all addresses; they are taken out of `rows`. */
function takeRows(rows: Set<PublishedPort>, { protocol, containerPort, hostIp, hostPort }: PortSpec) {
  const fits = (row: PublishedPort) =>
    row.protocol === protocol &&
    row.containerPort === containerPort &&
    (!hostIp || row.hostIp === hostIp) &&
    (!hostPort || (row.hostPort >= hostPort.from && row.hostPort <= hostPort.to))
  const first = [...rows].find(fits)
  const own = [...rows].filter(row => fits(row) && row.hostPort === first?.hostPort)
  for (const row of own) rows.delete(row)
  return own
}

/** What has no address of its family to go to is carried by the proxies. */
const mappingsOf = (ports: readonly PublishedPort[], { address, ipv6 }: Target): readonly PortMapping[] =>
  ports.flatMap(({ protocol, hostIp, hostPort, containerPort: port }) => {
    const to = hostIp.includes(':') ? ipv6 : address.includes(':') ? undefined : address
    if (to === undefined || hostIp === '::1') return []
    const isAnywhere = hostIp === '0.0.0.0' || hostIp === '::'
    return [{ protocol, hostPort, address: to, port, ...(!isAnywhere && { hostIp }) }]
  })
