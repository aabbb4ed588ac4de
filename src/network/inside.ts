import { setTimeout as sleep } from 'node:timers/promises'
import { SystemError } from '../sys/kernel.ts'
import type { Links } from './links.ts'
import { inNamespace } from './namespace.ts'
import type { Message, Reply } from './netlink/message.ts'
import { getRoute, isLocal } from './netlink/route.ts'
import { NETLINK, NetlinkSocket } from './netlink/socket.ts'

/** rtnetlink within a container's namespace. It keeps that namespace until it is disposed of. */
export class Inside implements Disposable {
  readonly #links: Links
  readonly #route: NetlinkSocket

  /** @param route a socket that was made there */
  constructor(links: Links, route: NetlinkSocket) {
    this.#links = links
    this.#route = route
  }

  static enter(links: Links, path: string): Inside {
    return new Inside(
      links,
      inNamespace(path, () => new NetlinkSocket(NETLINK.ROUTE)),
    )
  }

  /** It takes a moment, unless the kernel is deleting devices. */
  async configure(...messages: readonly Message[]): Promise<readonly Reply[]> {
    return this.#links.isLocked ? await this.#route.request(...messages) : this.#route.requestNow(...messages)
  }

  /** For what may take long: devices. */
  request(...messages: readonly Message[]): Promise<readonly Reply[]> {
    return this.#route.request(...messages)
  }

  /**
   * The kernel works off in the background what it takes for an IPv6 address to be heard. Whoever has sent to it before
   * tries again only after a second.
   */
  async hears(addresses: readonly string[]): Promise<void> {
    for (let waited = 0; addresses.length > 0 && waited < 2000; waited++) {
      if (await this.#leadHere(addresses)) return
      await sleep(1)
    }
  }

  async #leadHere(addresses: readonly string[]): Promise<boolean> {
    try {
      return (await this.configure(...addresses.map(getRoute))).every(isLocal)
    } catch (error) {
      if (error instanceof SystemError) return false // there is no route at all yet
      throw error
    }
  }

  [Symbol.dispose](): void {
    this.#route[Symbol.dispose]()
  }
}
