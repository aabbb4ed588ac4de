import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { TscomposeError } from '../errors.ts'
import type { SystemError } from '../sys/kernel.ts'
import { Batch } from './batch.ts'
import {
  decodeLink,
  deleteLink,
  deleteLinkGroup,
  getLink,
  getLinks,
  type Link,
  OPERSTATE_UP,
  setLink,
} from './netlink/link.ts'
import { NETLINK, NetlinkSocket } from './netlink/socket.ts'

interface Leaving {
  readonly names: readonly string[]
  /** On the clock of performance.now(). */
  readonly deadline: number
  readonly done: PromiseWithResolvers<void>
}

/** Waiting for and deleting devices of the host. */
export class Links implements Disposable {
  readonly #socket: NetlinkSocket
  readonly #quick = new NetlinkSocket(NETLINK.ROUTE)
  #deleting = 0
  readonly #deletions = new Batch<number>(indexes => this.#deleteTogether([...new Set(indexes)]))

  readonly #leaving = new Set<Leaving>()

  constructor(socket: NetlinkSocket) {
    this.#socket = socket
  }

  /** Whether the kernel may be cleaning up for us: then rtnetlink is held for tens of milliseconds at a time. */
  get isLocked(): boolean {
    return this.#deleting > 0 || this.#leaving.size > 0
  }

  async list(): Promise<readonly Link[]> {
    return (await this.#socket.dump(getLinks())).map(decodeLink)
  }

  /** Whether a device of that name and number is there. While the kernel is busy with devices of ours, nobody asks. */
  has(name: string, index: number): boolean {
    if (this.isLocked) return true
    try {
      const [reply] = this.#quick.requestNow(getLink(name))
      return reply !== undefined && decodeLink(reply).index === index
    } catch (error) {
      if ((error as SystemError).code === 'ENODEV') return false
      throw error
    }
  }

  /** Deletes devices; one that has gone is as good. */
  async delete(indexes: readonly number[]): Promise<void> {
    this.#deleting++
    try {
      await Promise.all(indexes.map(index => this.#deletions.add(index)))
    } finally {
      this.#deleting--
    }
  }

  async deleteNamed(name: string): Promise<void> {
    const link = (await this.list()).find(link => link.name === name)
    if (link) await this.delete([link.index])
  }

  /** The kernel takes 20 to 60 ms for one device, and not much more for a group of a hundred. */
  async #deleteTogether(indexes: readonly number[]): Promise<void> {
    if (indexes.length === 1) return unlessGone(this.#socket.request(...indexes.map(deleteLink)))
    const group = randomInt(0x1000_0000, 0x7fff_ffff)
    await unlessGone(this.#socket.request(...indexes.map(index => setLink(index, { group }))))
    await unlessGone(this.#socket.request(deleteLinkGroup(group)))
  }

  /**
   * Waits until devices of these names have gone with their namespaces, which the kernel cleans up in the background
   * some milliseconds after the last user has left (Node cannot wait for its notification without keeping a thread
   * busy). What is still there after `patienceMs`, since a process sits in the namespace, is deleted.
   */
  async gone(names: readonly string[], patienceMs = 300): Promise<void> {
    if (names.length === 0) return
    const done = Promise.withResolvers<void>()
    this.#leaving.add({ names, done, deadline: performance.now() + patienceMs })
    if (this.#leaving.size === 1) void this.#watchLeaving()
    await done.promise
  }

  /** One listing serves all who wait. */
  async #watchLeaving(): Promise<void> {
    for (let delay = 2; this.#leaving.size > 0; delay = Math.min(delay * 2, 16)) {
      await sleep(delay)
      try {
        const present = new Map((await this.list()).map(({ name = '', index }) => [name, index]))
        for (const leaving of this.#leaving) {
          const left = leaving.names.flatMap(name => present.get(name) ?? [])
          if (left.length > 0 && performance.now() < leaving.deadline) continue
          this.#leaving.delete(leaving)
          this.delete(left).then(leaving.done.resolve, leaving.done.reject)
        }
      } catch (error) {
        for (const { done } of this.#leaving) done.reject(error)
        this.#leaving.clear()
      }
    }
  }

  /**
   * Waits until the kernel has worked off that these devices have a carrier. Until then it loses the first packets: a
   * program that connects at once would stall for a second, the time after which ARP asks again. It is for the host's
   * ends of veth pairs and their bridges; the other end of a pair is worked off before.
   */
  async up(names: readonly string[]): Promise<void> {
    for (let waited = 0; waited < 2000; waited++) {
      const requests = names.map(getLink)
      const replies = this.isLocked ? await this.#socket.request(...requests) : this.#quick.requestNow(...requests)
      if (replies.every(reply => decodeLink(reply).operstate === OPERSTATE_UP)) return
      await sleep(1)
    }
    throw new TscomposeError('NETWORK_SETUP_FAILED', `${names.join(' and ')} did not come up within two seconds`)
  }

  [Symbol.dispose](): void {
    this.#quick[Symbol.dispose]()
  }
}

export async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    if ((error as SystemError).code !== 'ENODEV') throw error
  }
}
