import { decodeAttributes, string, type Table } from './attributes.ts'

/** Netlink messages, netlink(7): struct nlmsghdr and what follows it. */

export const NLM_F = {
  REQUEST: 1,
  ACK: 4,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
  DUMP: 0x300,
} as const
export const NLMSG = { ERROR: 2, DONE: 3 } as const

const HEADER = 16

/** A request before it has a sequence number. */
export interface Message {
  readonly type: number
  /** Beside REQUEST and ACK, which every request has. */
  readonly flags: number
  /** True: one that is not to be acknowledged. */
  readonly silent?: boolean
  /** The fixed header of the message type, and attributes. */
  readonly body: Buffer
  /** For an error: what was being done. */
  readonly what: string
}

/** A message from the kernel. */
export interface Reply {
  readonly type: number
  readonly sequence: number
  readonly body: Buffer
}

export function encodeMessage({ type, flags, body, silent }: Message, sequence: number): Buffer {
  const bytes = Buffer.alloc((HEADER + body.length + 3) & ~3)
  bytes.writeUInt32LE(HEADER + body.length, 0)
  bytes.writeUInt16LE(type, 4)
  bytes.writeUInt16LE(flags | NLM_F.REQUEST | (silent ? 0 : NLM_F.ACK), 6)
  bytes.writeUInt32LE(sequence, 8)
  body.copy(bytes, HEADER)
  return bytes
}

/** The messages of one datagram. */
export function* decodeMessages(datagram: Buffer): Generator<Reply> {
  for (let at = 0; at + HEADER <= datagram.length; ) {
    const length = datagram.readUInt32LE(at)
    if (length < HEADER) return
    yield {
      type: datagram.readUInt16LE(at + 4),
      sequence: datagram.readUInt32LE(at + 8),
      body: datagram.subarray(at + HEADER, at + length),
    }
    at += (length + 3) & ~3
  }
}

/** What the kernel says of a request (struct nlmsgerr, and the text that NETLINK_EXT_ACK adds). */
export interface Acknowledgement {
  /** 0: done. */
  readonly errno: number
  readonly text: string
}

export function decodeAcknowledgement(body: Buffer): Acknowledgement {
  // After the error comes the header of the request alone (NETLINK_CAP_ACK), then attributes.
  const { text = '' } = decodeAttributes(acknowledgementAttributes, body.subarray(4 + HEADER))
  return { errno: 0 - body.readInt32LE(0), text }
}
const acknowledgementAttributes = { text: string(1) } satisfies Table
