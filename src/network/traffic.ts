import { indexOf, type LiveEndpoint } from './endpoint.ts'
import type { Links } from './links.ts'
import { inNamespace } from './namespace.ts'
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

  /** @param sandboxes of each container by its id: its endpoints, and where its namespace is pinned */
  async read(
    sandboxes: ReadonlyMap<string, { readonly endpoints: readonly LiveEndpoint[]; readonly netnsPath: string }>,
  ): Promise<ReadonlyMap<string, readonly InterfaceStats[]>> {
    const bridged = await this.#readBridged([...sandboxes.values()].flatMap(({ endpoints }) => endpoints))
    const rows = [...sandboxes].map(async ([id, { endpoints, netnsPath }]) => {
      const children = endpoints.filter(({ veth }) => veth === undefined)
      const others = children.length > 0 ? await readInside(netnsPath, children) : []
      return [id, [...endpoints.flatMap(endpoint => bridged.get(endpoint) ?? []), ...others]] as const
    })
    return new Map(await Promise.all(rows))
  }

  async #readBridged(endpoints: readonly LiveEndpoint[]): Promise<ReadonlyMap<LiveEndpoint, InterfaceStats>> {
    const veths = endpoints.flatMap(({ veth }) => veth ?? [])
    if (veths.length === 0) return new Map()
    if (!veths.every(veth => this.#indexes.has(veth)))
      this.#indexes = new Map((await this.#links.list()).map(({ name = '', index }) => [name, index]))
    const counters = new Map((await this.#route.dump(getAllStats())).map(reply => [indexOfStats(reply), reply]))
    return new Map(
      endpoints.flatMap(live => {
        const reply = counters.get(this.#indexes.get(live.veth ?? '') ?? -1)
        const name = live.endpoint.interfaceName
        return reply ? [[live, { name, ...fromOtherEnd(decodeCounters(reply)) }] as const] : []
      }),
    )
  }

  [Symbol.dispose](): void {
    this.#route[Symbol.dispose]()
  }
}

/** Children of a parent have no other end on the host. */
async function readInside(namespace: string, children: readonly LiveEndpoint[]): Promise<InterfaceStats[]> {
  using inside = inNamespace(namespace, () => new NetlinkSocket(NETLINK.ROUTE))
  const counters = new Map((await inside.dump(getAllStats())).map(reply => [indexOfStats(reply), reply]))
  return children.flatMap(({ endpoint, live }) => {
    const reply = counters.get(indexOf(live.network.id))
    return reply ? [{ name: endpoint.interfaceName, ...decodeCounters(reply) }] : []
  })
}
