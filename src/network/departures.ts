import type { Endpoint, EndpointSpec } from './network.ts'

/** A sandbox whose devices are on their way out of the kernel. Until they have gone, it has its addresses. */
export interface Departure {
  readonly containerId: string
  readonly endpoints: readonly Endpoint[]
  readonly gone: Promise<void>
}

export const isOn = ({ endpoints }: Departure, networkId: string): boolean =>
  endpoints.some(endpoint => endpoint.networkId === networkId)

/** Whether somebody who comes may want the addresses of one who leaves. */
export const isInTheWay = ({ endpoints }: Departure, wanted: readonly EndpointSpec[]): boolean =>
  wanted.some(({ networkId, leaseKey, ipv4Address, ipv6Address }) =>
    endpoints.some(
      endpoint =>
        endpoint.networkId === networkId &&
        (endpoint.leaseKey === leaseKey || ipv4Address !== undefined || ipv6Address !== undefined),
    ),
  )

/** Sandboxes that were removed, as long as something of them is left in the kernel. */
export class Departures {
  readonly #all = new Set<Departure>()

  add(departure: Departure): void {
    this.#all.add(departure)
    const forget = () => this.#all.delete(departure)
    departure.gone.then(forget, forget) // a failure is told to those who wait
  }

  /**
   * Resolves when those that are on their way now, and that somebody is concerned with, have gone.
   * @returns how many there were
   */
  async settled(concerns: (departure: Departure) => boolean = () => true): Promise<number> {
    const concerned = [...this.#all].filter(concerns)
    await Promise.all(concerned.map(({ gone }) => gone))
    return concerned.length
  }
}
