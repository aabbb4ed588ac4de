import { linux, SystemError } from '../../sys/kernel.ts'
import { inPool } from '../../sys/pool.ts'
import { decodeAcknowledgement, decodeMessages, encodeMessage, type Message, NLMSG, type Reply } from './message.ts'

export const NETLINK = { ROUTE: 0, NETFILTER: 12 } as const

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11
const MSG_DONTWAIT = 0x40
/** The kernel fills at most 32 KiB at a time in a dump. */
const DATAGRAM = 32 * 1024
/** For answers that are there already; what is kept of them is copied. */
const received = Buffer.alloc(DATAGRAM)

/**
 * A netlink socket of the network namespace in which it is opened. The kernel does the work of a request within
 * sendto(2), behind a lock that others may hold for tens of milliseconds. So there are two ways to make one, which must
 * not be mixed while a request is under way: from another thread, and at once.
 */
export class NetlinkSocket implements Disposable, AsyncDisposable {
  readonly #fd: number
  #sequence = 0
  #idle: Promise<unknown> = Promise.resolve()

  constructor(protocol: number) {
    this.#fd = linux.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)
    const on = Buffer.from([1, 0, 0, 0])
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) linux.setsockopt(this.#fd, SOL_NETLINK, option, on, 4)
  }

  /**
   * Sends requests in one datagram, from another thread: for what the kernel may hold for long. It is no transaction:
   * those before one that fails take effect, and those after it too.
   * @returns what the kernel answers, without acknowledgements
   * @throws SystemError of the first request that failed
   */
  request(...messages: readonly Message[]): Promise<readonly Reply[]> {
    if (messages.length === 0) return Promise.resolve([])
    return this.#inTurn(async () => {
      const { first, datagram } = this.#encode(messages)
      await inPool('sendto', this.#fd, datagram, datagram.length, 0, null, 0)
      return this.#receive(messages, first)
    })
  }

  /** The same from this thread, which saves waking another: for what takes the kernel a fraction of a millisecond. */
  requestNow(...messages: readonly Message[]): readonly Reply[] {
    if (messages.length === 0) return []
    const { first, datagram } = this.#encode(messages)
    linux.sendto(this.#fd, datagram, datagram.length, 0, null, 0)
    return this.#receive(messages, first)
  }

  #encode(messages: readonly Message[]): { readonly first: number; readonly datagram: Buffer } {
    const first = this.#sequence + 1
    this.#sequence += messages.length
    return { first, datagram: Buffer.concat(messages.map((message, index) => encodeMessage(message, first + index))) }
  }

  /** All answers are there once sendto(2) has returned. */
  #receive(messages: readonly Message[], first: number): readonly Reply[] {
    const replies: Reply[] = []
    const failures: SystemError[] = []
    for (let waiting = messages.filter(({ silent }) => !silent).length; waiting > 0; ) {
      const length = linux.recvfrom(this.#fd, received, DATAGRAM, MSG_DONTWAIT, null, null)
      for (const reply of decodeMessages(received.subarray(0, length))) {
        if (reply.type !== NLMSG.ERROR) {
          replies.push({ ...reply, body: Buffer.from(reply.body) })
          continue
        }
        waiting--
        const { errno, text } = decodeAcknowledgement(reply.body)
        const detail = [messages[reply.sequence - first]?.what, text].filter(Boolean).join(': ')
        if (errno !== 0) failures.push(new SystemError('netlink', errno, detail))
      }
    }
    if (failures[0]) throw failures[0]
    return replies
  }

  /** Sends a request with NLM_F_DUMP. @returns the items of the list */
  dump(message: Message): Promise<readonly Reply[]> {
    return this.#inTurn(async () => {
      const { first: sequence, datagram: request } = this.#encode([message])
      await inPool('sendto', this.#fd, request, request.length, 0, null, 0)
      const replies: Reply[] = []
      for (;;) {
        const datagram = Buffer.alloc(DATAGRAM)
        // The kernel writes the next part of the list within recvfrom(2), so this too may wait for the lock.
        const length = await inPool('recvfrom', this.#fd, datagram, DATAGRAM, 0, null, null)
        for (const reply of decodeMessages(datagram.subarray(0, length))) {
          if (reply.sequence !== sequence) continue
          if (reply.type === NLMSG.DONE) return replies
          if (reply.type === NLMSG.ERROR)
            throw new SystemError('netlink', decodeAcknowledgement(reply.body).errno, message.what)
          replies.push(reply)
        }
      }
    })
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#idle.then(task)
    this.#idle = result.catch(() => {})
    return result
  }

  [Symbol.dispose](): void {
    linux.close(this.#fd)
  }

  /** For a socket by which rules were deleted: closing it waits, 7 ms, until nothing uses them any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await inPool('close', this.#fd)
  }
}
