import type { LiveEndpoint } from './endpoint.ts'
import type { Links } from './links.ts'
import { NETLINK, NetlinkSocket } from './netlink/socket.ts'
import { decodeCounters, fromOtherEnd, getAllStats, indexOfStats } from './netlink/stats.ts'
import type { InterfaceStats } from './network.ts'

/**
 * What has gone through containers' devices. It is read at the host's ends of the veth pairs, with one question for all
 * of them: to visit every namespace costs a hundred times as much.
 */
export class Traffic implements Disposable {
  readonly #links: Links
  /** Of its own: a listing would hold up what is being set up or taken away. */
  readonly #route = new NetlinkSocket(NETLINK.ROUTE)
  /** The numbers of veths by their names, which are never used again. */
  #indexes: ReadonlyMap<string, number> = new Map()

  constructor(links: Links) {
    this.#links = links
  }

  /** @param sandboxes the endpoints of each container by its id */
  async read(
    sandboxes: ReadonlyMap<string, readonly LiveEndpoint[]>,
  ): Promise<ReadonlyMap<string, readonly InterfaceStats[]>> {
    const veths = [...sandboxes.values()].flat().map(({ veth }) => veth)
    if (veths.length === 0) return new Map()
    if (!veths.every(veth => this.#indexes.has(veth)))
      this.#indexes = new Map((await this.#links.list()).map(({ name = '', index }) => [name, index]))
    const counters = new Map((await this.#route.dump(getAllStats())).map(reply => [indexOfStats(reply), reply]))
    const statsOf = ({ endpoint, veth }: LiveEndpoint): InterfaceStats[] => {
      const reply = counters.get(this.#indexes.get(veth) ?? -1)
      return reply ? [{ name: endpoint.interfaceName, ...fromOtherEnd(decodeCounters(reply)) }] : []
    }
    return new Map([...sandboxes].map(([id, endpoints]) => [id, endpoints.flatMap(statsOf)]))
  }

  [Symbol.dispose](): void {
    this.#route[Symbol.dispose]()
  }
}
