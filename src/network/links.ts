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
} from './netlink/rtnetlink.ts'
import type { NetlinkSocket } from './netlink/socket.ts'

/** Waiting for and deleting devices of the host. */
export class Links {
  readonly #socket: NetlinkSocket
  readonly #deletions = new Batch<number>(indexes => this.#deleteTogether([...new Set(indexes)]))

  constructor(socket: NetlinkSocket) {
    this.#socket = socket
  }

  async list(): Promise<readonly Link[]> {
    return (await this.#socket.dump(getLinks())).map(decodeLink)
  }

  /** Deletes devices; one that has gone is as good. */
  async delete(indexes: readonly number[]): Promise<void> {
    await Promise.all(indexes.map(index => this.#deletions.add(index)))
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
    const left = async () => (await this.list()).filter(({ name = '' }) => names.includes(name))
    for (let waited = 0, delay = 2; waited < patienceMs; waited += delay, delay = Math.min(delay * 2, 20)) {
      await sleep(delay)
      if ((await left()).length === 0) return
    }
    await this.delete((await left()).map(({ index }) => index))
  }

  /**
   * Waits until the kernel has worked off that these devices have a carrier. Until then it loses the first packets: a
   * program that connects at once would stall for a second, the time after which ARP asks again.
   * @param inside reads the device at the container's end
   */
  async up(bridge: number, veth: string, inside: () => Promise<Link | undefined>): Promise<void> {
    for (let waited = 0; waited < 2000; waited++) {
      const [replies, own] = await Promise.all([this.#socket.request(getLink(bridge), getLink(veth)), inside()])
      if ([...replies.map(decodeLink), own].every(link => link?.operstate === OPERSTATE_UP)) return
      await sleep(1)
    }
    throw new TscomposeError('NETWORK_SETUP_FAILED', `the device ${veth} did not come up within two seconds`)
  }
}

async function unlessGone(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    if ((error as SystemError).code !== 'ENODEV') throw error
  }
}
