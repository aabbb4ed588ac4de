import type { Readable } from 'node:stream'
import { FrameSplitter } from '../../../frame-splitter.ts'
import { GrpcError, grpcCodes } from './status.ts'

/** Messages on a stream of HTTP/2: a byte that tells of compression, the length, the message (grpc, PROTOCOL-HTTP2.md). */

/** The largest message in bytes; BuildKit's clients take and send no larger ones. */
export const LARGEST_MESSAGE = 16 * 2 ** 20

const HEAD = 5

export function encodeMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEAD + message.length)
  frame.writeUInt8(0, 0)
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, HEAD)
  return frame
}

/** Takes messages out of the bytes of a stream, however these come in. */
export class MessageDecoder {
  readonly #splitter = new FrameSplitter(HEAD, lengthIn)

  /** @throws GrpcError for what is too large, compressed, or no frame */
  push(chunk: Uint8Array): Buffer[] {
    return this.#splitter.push(chunk).map(frame => frame.subarray(HEAD))
  }

  /** @throws GrpcError for a frame that is not whole */
  end(): void {
    if (!this.#splitter.isBetweenFrames) throw new GrpcError(grpcCodes.INTERNAL, 'the stream ends within a message')
  }
}

function lengthIn(head: Buffer): number {
  if (head.readUInt8(0) !== 0) throw new GrpcError(grpcCodes.UNIMPLEMENTED, 'compressed messages are not supported')
  const length = head.readUInt32BE(1)
  if (length > LARGEST_MESSAGE)
    throw new GrpcError(grpcCodes.RESOURCE_EXHAUSTED, `a message of ${length} bytes is larger than ${LARGEST_MESSAGE}`)
  return length
}

/** The messages of a stream. What is not taken from it stays with the sender. */
export async function* messagesOf(stream: Readable): AsyncGenerator<Buffer> {
  const decoder = new MessageDecoder()
  // How the call ends is still to be told on the stream, whatever came on it.
  const chunks: AsyncIterable<Buffer> = stream.iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) yield* decoder.push(chunk)
  decoder.end()
}
