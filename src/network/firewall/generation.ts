import { decodeAttributes, type Table, u32be } from '../netlink/attributes.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'

const NFT_MSG_GETGEN = (10 << 8) | 16
const attributes = { id: u32be(1) } satisfies Table
/** struct nfgenmsg */
const HEADER = 4

/**
 * Whether somebody else has changed the host's nftables rules: the kernel counts transactions, and tells the number
 * within microseconds.
 */
export class Generation {
  readonly #socket: () => NetlinkSocket
  #known: number | undefined

  constructor(socket: () => NetlinkSocket) {
    this.#socket = socket
  }

  /** Whether there was a transaction that was not ours since the last `settle`. */
  get isForeign(): boolean {
    return this.#read() !== this.#known
  }

  /** What there is has been looked at. */
  settle(): void {
    this.#known = this.#read()
  }

  /** Runs a transaction of ours, which by itself is no reason to look. */
  async during<T>(transaction: () => Promise<T>): Promise<T> {
    const before = this.#read()
    const result = await transaction()
    if (this.#known === before && this.#read() === before + 1) this.#known = before + 1
    return result
  }

  /** The same for one that is made at once. */
  duringNow(transaction: () => void): void {
    const before = this.#read()
    transaction()
    if (this.#known === before && this.#read() === before + 1) this.#known = before + 1
  }

  #read(): number {
    const body = Buffer.alloc(HEADER)
    const [reply] = this.#socket().requestNow({ type: NFT_MSG_GETGEN, flags: 0, body, what: 'asking for changes' })
    return decodeAttributes(attributes, reply?.body.subarray(HEADER) ?? Buffer.alloc(0)).id ?? -1
  }
}
