import { createHash } from 'node:crypto'
import { Duplex, Transform } from 'node:stream'
import { invalid } from '../failures.ts'
import { FrameDecoder } from '../stream-frames.ts'

/** RFC 6455, section 5.2 */
const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const
const FINAL = 0x80
const MASKED = 0x80
/** RFC 6455, section 7.4.1 */
const status = { normal: 1000, protocolError: 1002, tooBig: 1009 } as const

/** The most that a client may say in one frame, in bytes: what is typed stays far below. */
const LIMIT = 2 ** 20

/** The answer to a client's key, RFC 6455, section 4.2.2. */
export const acceptKey = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')

interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** A frame of the server's: whole, and without a mask. */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload
  const head =
    length < 126
      ? Buffer.from([FINAL | opcode, length])
      : length < 0x10000
        ? Buffer.from([FINAL | opcode, 126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([FINAL | opcode, 127]), uint64(length)])
  return Buffer.concat([head, payload])
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

class BadFrame extends Error {
  readonly status: number
  constructor(code: number) {
    super(`WebSocket ${code}`)
    this.status = code
  }
}

/** Finds the frames of a client, which come in chunks cut anywhere. */
class ClientFrames {
  #pending: Buffer = Buffer.alloc(0)

  /** @throws BadFrame */
  push(chunk: Buffer): Frame[] {
    this.#pending = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk
    const frames: Frame[] = []
    for (let frame = this.#take(); frame; frame = this.#take()) frames.push(frame)
    return frames
  }

  #take(): Frame | undefined {
    const bytes = this.#pending
    if (bytes.length < 2) return undefined
    const [first = 0, second = 0] = bytes
    if (!(second & MASKED) || first & 0x70) throw new BadFrame(status.protocolError)
    const short = second & 0x7f
    const start = short === 127 ? 10 : short === 126 ? 4 : 2
    if (bytes.length < start) return undefined
    const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
    if (length > LIMIT) throw new BadFrame(status.tooBig)
    const end = start + 4 + length
    if (bytes.length < end) return undefined
    const mask = bytes.subarray(start, start + 4)
    const payload = Buffer.from(bytes.subarray(start + 4, end))
    for (let at = 0; at < length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0)
    this.#pending = bytes.subarray(end)
    return { opcode: first & 0x0f, payload }
  }
}

/**
 * The bytes that go both ways in the messages of a WebSocket (RFC 6455), whose handshake is over. Messages have no
 * meaning beside their bytes; what is written goes as binary messages.
 */
export function webSocket(connection: Duplex): Duplex {
  const frames = new ClientFrames()
  const close = (code: number) => encodeFrame(opcodes.close, Buffer.from([code >> 8, code & 0xff]))
  const leave = (code: number) => connection.end(close(code), () => messages.destroy())
  const messages = new Duplex({
    read: () => void connection.resume(),
    write: (chunk: Buffer, _encoding, done) => void connection.write(encodeFrame(opcodes.binary, chunk), () => done()),
    final: done => void connection.end(close(status.normal), () => done()),
    destroy: (error, done) => {
      connection.destroy()
      done(error)
    },
  })
  const heed = ({ opcode, payload }: Frame): void => {
    if (opcode === opcodes.ping) connection.write(encodeFrame(opcodes.pong, payload))
    else if (opcode === opcodes.close) leave(status.normal)
    else if (opcode <= opcodes.binary && payload.length > 0 && !messages.push(payload)) connection.pause()
  }
  connection.on('data', (chunk: Buffer) => {
    try {
      for (const frame of frames.push(chunk)) if (connection.writable) heed(frame)
    } catch (error) {
      leave(error instanceof BadFrame ? error.status : status.protocolError)
    }
  })
  connection.on('end', () => messages.push(null))
  connection.on('error', () => messages.destroy())
  connection.on('close', () => messages.destroy())
  return messages
}

/** The bytes of a process without a terminal as a WebSocket has them: its two outputs as one, without frames. */
export function withoutFrames(stream: Duplex): Duplex {
  const decoder = new FrameDecoder()
  const plain = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (const { payload } of decoder.push(chunk)) this.push(payload)
      done()
    },
  })
  stream.once('error', error => plain.destroy(error))
  return Duplex.from({ writable: stream, readable: stream.pipe(plain) })
}

/** The key of a client that asks for a WebSocket. @throws TscomposeError ENGINE_REQUEST_INVALID for any other request */
export function webSocketKey(headers: Readonly<Record<string, unknown>>): string {
  const { upgrade, 'sec-websocket-key': key } = headers
  if (typeof key === 'string' && String(upgrade).toLowerCase() === 'websocket') return key
  throw invalid('the request has to ask for an upgrade to websocket')
}
