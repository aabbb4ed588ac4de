import { TscomposeError } from '../errors.ts'
import { bridgeOption } from './bridge.ts'
import { addressesOf, gatewayEndpoint, type LiveEndpoint } from './endpoint.ts'
import type { PortMapping } from './firewall/ruleset.ts'
import type { Host } from './host/host.ts'
import type { PortSpec, PublishedPort } from './network.ts'
import { type Reservation, release, reservePort } from './ports/reserve.ts'
import { tell } from './service/rpc.ts'
import { settleAll } from './settle.ts'

/**
 * The published ports of one container. Each is reserved by a listening socket of the host, which a proxy has; IPv4
 * packets are translated by the firewall before they get there. They lead to the endpoint that has the default route,
 * so that answers go back the way they came.
 */
export class Publishing {
  readonly #host: Host
  readonly #requested: readonly PortSpec[]
  #ports: readonly PublishedPort[] = []
  #reservations: readonly Reservation[] = []
  #mappings: readonly PortMapping[] = []
  #target: string | undefined
  /** Whether the proxies have the sockets of the reservations. */
  #areOpen = false

  constructor(host: Host, requested: readonly PortSpec[]) {
    this.#host = host
    this.#requested = requested
  }

  get ports(): readonly PublishedPort[] {
    return this.#ports
  }

  /**
   * Reserves all ports, if there is a way out: what can fail, before anything is made that costs more.
   * @throws TscomposeError NETWORK_PORT_TAKEN and the like; none is reserved then
   */
  async reserve(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const gateway = publishedBy(endpoints)
    if (gateway === undefined || this.#ports.length > 0) return
    const defaultHostIp = gateway.live.network.options[bridgeOption.hostBinding]
    try {
      for (const spec of this.#requested) await this.#reserve(spec, defaultHostIp)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async #reserve(spec: PortSpec, defaultHostIp?: string): Promise<void> {
    const hostIp = spec.hostIp || defaultHostIp
    const reservations = await reservePort({ ...spec, ...(hostIp && { hostIp }) }, (protocol, port) =>
      this.#host.containerOnPort(protocol, port),
    )
    this.#reservations = [...this.#reservations, ...reservations]
    this.#ports = this.#reservations.map(({ fd: _, ...port }) => port)
  }

  /**
   * Publishes for what the container's endpoints are now: opens the ports, or leads them to another address, or closes
   * them if there is no way out any more. @throws as reserve()
   */
  async update(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const target = targetOf(endpoints)
    if (target === this.#target || this.#requested.length === 0) return
    if (target === undefined) return this.close()
    await this.reserve(endpoints)
    await settleAll([...this.#leadProxies(target), this.#map(target)])
  }

  /** The proxies get the sockets the first time; what comes before that waits in the kernel. */
  #leadProxies(address: string): readonly Promise<void>[] {
    const { service } = this.#host
    const areOpen = this.#areOpen
    this.#areOpen = true
    return this.#reservations.map(({ fd, protocol, hostIp, containerPort: port }) => {
      const target = { address, port }
      return areOpen ? service.setTarget(fd, target) : service.openProxy({ fd, protocol, hostIp, target })
    })
  }

  /** Takes over ports from an earlier engine. One that somebody has taken meanwhile is translated nevertheless. */
  async adopt(ports: readonly PublishedPort[], endpoints: readonly LiveEndpoint[]): Promise<readonly PortMapping[]> {
    const target = targetOf(endpoints)
    if (target === undefined) return []
    for (const { hostPort, ...port } of ports) {
      try {
        await this.#reserve({ ...port, hostPort: { from: hostPort, to: hostPort } })
      } catch (error) {
        if (!(error instanceof TscomposeError)) throw error
      }
    }
    for (const proxy of this.#leadProxies(target)) tell(proxy)
    this.#target = target
    this.#ports = ports
    this.#mappings = mappingsOf(ports, target)
    return this.#mappings
  }

  async #map(target: string): Promise<void> {
    const former = this.#mappings
    this.#target = target
    this.#mappings = mappingsOf(this.#ports, target)
    await this.#host.firewall.unpublish(former)
    await this.#host.firewall.publish(this.#mappings)
    await this.#forget(this.#mappings)
  }

  #forget(mappings: readonly PortMapping[]): Promise<void> {
    const ports = mappings.filter(({ protocol }) => protocol === 'udp').map(({ hostPort }) => hostPort)
    return this.#host.forgetUdp([...new Set(ports)])
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const [reservations, mappings, areOpen] = [this.#reservations, this.#mappings, this.#areOpen]
    this.#ports = []
    this.#reservations = []
    this.#mappings = []
    this.#target = undefined
    this.#areOpen = false
    if (!areOpen) release(reservations)
    await settleAll([
      ...(areOpen ? reservations : []).map(({ fd }) => this.#host.service.closeProxy(fd)),
      this.#host.firewall.unpublish(mappings),
    ])
    await this.#forget(mappings)
  }
}

/** Nobody comes to a port of the host by the children of a parent. */
const publishedBy = (endpoints: readonly LiveEndpoint[]): LiveEndpoint | undefined =>
  gatewayEndpoint(endpoints.filter(({ live }) => live.network.driver === undefined))

function targetOf(endpoints: readonly LiveEndpoint[]): string | undefined {
  const by = publishedBy(endpoints)
  return by && addressesOf(by.endpoint)[0]
}

/** None to an IPv6 address: the proxies carry what comes for that. */
function mappingsOf(ports: readonly PublishedPort[], address: string): readonly PortMapping[] {
  if (address.includes(':')) return []
  return ports
    .filter(({ hostIp }) => !hostIp.includes(':'))
    .flatMap(({ protocol, hostIp, hostPort, containerPort: port }) =>
      protocol === 'sctp'
        ? []
        : [{ protocol, hostPort, address, port, ...(hostIp !== '0.0.0.0' && { hostIp }) } satisfies PortMapping],
    )
}
