import { TscomposeError } from '../errors.ts'
import { bridgeOption } from './bridge.ts'
import { gatewayEndpoint, type LiveEndpoint } from './endpoint.ts'
import type { PortMapping } from './firewall/ruleset.ts'
import type { Host } from './host/host.ts'
import type { PortSpec, PublishedPort } from './network.ts'
import { type Reservation, reservePort } from './ports/reserve.ts'
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

  constructor(host: Host, requested: readonly PortSpec[]) {
    this.#host = host
    this.#requested = requested
  }

  get ports(): readonly PublishedPort[] {
    return this.#ports
  }

  /**
   * Publishes for what the container's endpoints are now: reserves what is not reserved yet, or leads to the new
   * address, or closes the ports if there is no way out any more.
   * @throws TscomposeError NETWORK_PORT_TAKEN and the like; what was reserved until then is closed by `close`
   */
  async update(endpoints: readonly LiveEndpoint[]): Promise<void> {
    const gateway = gatewayEndpoint(endpoints)
    const target = gateway?.endpoint.ipv4Address
    if (target === this.#target || this.#requested.length === 0) return
    if (gateway === undefined || target === undefined) return this.close()
    const told =
      this.#ports.length === 0
        ? (await this.#reserve(this.#requested, target, gateway.live.network.options[bridgeOption.hostBinding])).opened
        : this.#reservations.map(({ fd, containerPort: port }) =>
            this.#host.service.setTarget(fd, { address: target, port }),
          )
    await settleAll([...told, this.#map(target)])
  }

  /** Takes over ports from an earlier engine. One that somebody has taken meanwhile is translated nevertheless. */
  async adopt(ports: readonly PublishedPort[], endpoints: readonly LiveEndpoint[]): Promise<readonly PortMapping[]> {
    const target = gatewayEndpoint(endpoints)?.endpoint.ipv4Address
    if (target === undefined) return []
    for (const { hostPort, ...port } of ports) {
      const spec = { ...port, hostPort: { from: hostPort, to: hostPort } }
      try {
        const { opened } = await this.#reserve([spec], target)
        for (const proxy of opened) tell(proxy)
      } catch (error) {
        if (!(error instanceof TscomposeError)) throw error
      }
    }
    this.#target = target
    this.#ports = ports
    this.#mappings = mappingsOf(ports, target)
    return this.#mappings
  }

  /** @returns when the proxies have the sockets; what comes before then waits in the kernel */
  async #reserve(
    specs: readonly PortSpec[],
    target: string,
    defaultHostIp?: string,
  ): Promise<{ readonly opened: readonly Promise<void>[] }> {
    const opened: Promise<void>[] = []
    for (const spec of specs) {
      const hostIp = spec.hostIp || defaultHostIp
      const reservations = await reservePort({ ...spec, ...(hostIp && { hostIp }) }, (protocol, port) =>
        this.#host.containerOnPort(protocol, port),
      )
      this.#reservations = [...this.#reservations, ...reservations]
      this.#ports = this.#reservations.map(({ fd: _, ...port }) => port)
      for (const { fd, protocol, hostIp, containerPort: port } of reservations)
        opened.push(this.#host.service.openProxy({ fd, protocol, hostIp, target: { address: target, port } }))
    }
    return { opened }
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
    const [reservations, mappings] = [this.#reservations, this.#mappings]
    this.#ports = []
    this.#reservations = []
    this.#mappings = []
    this.#target = undefined
    await settleAll([
      ...reservations.map(({ fd }) => this.#host.service.closeProxy(fd)),
      this.#host.firewall.unpublish(mappings),
    ])
    await this.#forget(mappings)
  }
}

function mappingsOf(ports: readonly PublishedPort[], address: string): readonly PortMapping[] {
  return ports
    .filter(({ hostIp }) => !hostIp.includes(':'))
    .flatMap(({ protocol, hostIp, hostPort, containerPort: port }) =>
      protocol === 'sctp'
        ? []
        : [{ protocol, hostPort, address, port, ...(hostIp !== '0.0.0.0' && { hostIp }) } satisfies PortMapping],
    )
}
