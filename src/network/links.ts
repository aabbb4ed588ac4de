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

/** By number or name. */
type Device = number | string

interface Deletion {
  readonly devices: readonly Device[]
  /** Called with all devices there are just before these go: to list them earlier would be to wait for others to go. */
  readonly before: ((links: readonly Link[]) => void) | undefined
  /** What `before` has thrown: these devices stay then, those of others go. */
  readonly failures: unknown[]
}

/** Waiting for and deleting devices of the host. */
export class Links implements Disposable {
  readonly #socket: NetlinkSocket
  readonly #quick = new NetlinkSocket(NETLINK.ROUTE)
  #deleting = 0
  #making = 0
  readonly #deletions = new Batch<Deletion>(deletions => this.#deleteTogether(deletions))

  constructor(socket: NetlinkSocket) {
    this.#socket = socket
  }

  /** Whether the kernel may be at work for us: rtnetlink is held for milliseconds then, and who asks had better not wait. */
  get isLocked(): boolean {
    return this.#deleting > 0 || this.#making > 0
  }

  /** Makes devices. */
  async make(work: () => Promise<void>): Promise<void> {
    this.#making++
    try {
      await work()
    } finally {
      this.#making--
    }
  }

  async list(): Promise<readonly Link[]> {
    return (await this.#socket.dump(getLinks())).map(decodeLink)
  }

  /** Whether a device of that name and number is there. While the kernel deletes devices of ours, nobody asks. */
  has(name: string, index: number): boolean {
    if (this.#deleting > 0) return true
    try {
      const [reply] = this.#quick.requestNow(getLink(name))
      return reply !== undefined && decodeLink(reply).index === index
    } catch (error) {
      if ((error as SystemError).code === 'ENODEV') return false
      throw error
    }
  }

  /**
   * Deletes devices; one that has gone is as good. The kernel takes 20 to 60 ms for one, and not much
   * more for a hundred in a group: what is asked for meanwhile goes together, bridges along with their ports.
   */
  async delete(devices: readonly Device[], before?: Deletion['before']): Promise<void> {
    const failures: unknown[] = []
    this.#deleting++
    try {
      await this.#deletions.add({ devices, before, failures })
    } finally {
      this.#deleting--
    }
    for (const failure of failures) throw failure
  }

  async #deleteTogether(deletions: readonly Deletion[]): Promise<void> {
    const links = deletions.some(({ before }) => before) ? await this.list() : []
    const doomed = deletions.filter(({ before, failures }) => {
      try {
        before?.(links)
      } catch (error) {
        failures.push(error)
      }
      return failures.length === 0
    })
    const devices = [...new Set(doomed.flatMap(({ devices }) => devices))]
    if (devices.length === 0) return
    if (devices.length === 1) return unlessGone(this.#socket.request(...devices.map(deleteLink)))
    const group = randomInt(0x1000_0000, 0x7fff_ffff)
    await unlessGone(this.#socket.request(...devices.map(device => setLink(device, { group }))))
    await unlessGone(this.#socket.request(deleteLinkGroup(group)))
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
