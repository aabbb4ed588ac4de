import { TscomposeError } from '../errors.ts'

/**
 * Docker's stream format (Engine API, "Attach to a container"): what a process without a terminal writes comes in
 * frames, each with a header of eight bytes: the stream's number, three zeros, the payload's length (big-endian).
 */
const streams = ['stdin', 'stdout', 'stderr', 'systemerr'] as const
const headerSize = 8

/** `systemerr` is the engine's own voice: why the stream ends early. It comes from no process. */
export type StreamName = (typeof streams)[number]
export interface StreamFrame {
  readonly stream: StreamName
  readonly payload: Buffer
}

export function encodeFrame(stream: StreamName, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headerSize + payload.length)
  frame.writeUInt32BE(streams.indexOf(stream) * 0x1000000, 0)
  frame.writeUInt32BE(payload.length, 4)
  frame.set(payload, headerSize)
  return frame
}

/** Finds the frames in a byte stream that is cut into chunks anywhere. */
export class FrameDecoder {
  #pending: Buffer[] = []
  #size = 0

  /**
   * @returns the frames that `chunk` completes; payloads share its memory where they can
   * @throws TscomposeError ENGINE_STREAM_INVALID where no frame can start like this, as in the raw stream of a terminal
   */
  push(chunk: Uint8Array): StreamFrame[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    this.#pending.push(bytes)
    this.#size += bytes.length
    const frames: StreamFrame[] = []
    for (let needed = this.#needed(); this.#size >= needed; needed = this.#needed()) {
      const whole = this.#joined()
      const stream = streams[whole[0] ?? 0]
      if (stream) frames.push({ stream, payload: whole.subarray(headerSize, needed) })
      this.#pending = [whole.subarray(needed)]
      this.#size -= needed
    }
    return frames
  }

  /** @throws TscomposeError ENGINE_STREAM_INVALID if the stream ended within a frame */
  end(): void {
    if (this.#size > 0) throw new TscomposeError('ENGINE_STREAM_INVALID', 'the stream ended within a frame')
  }

  /** How many bytes the next frame has, as far as is known. */
  #needed(): number {
    if (this.#size < headerSize) return headerSize
    // The header may be spread over chunks; joining them only then keeps a large payload from being copied per chunk.
    const first = this.#pending[0]
    const header = first && first.length >= headerSize ? first : this.#joined()
    const [number = 0, ...zeros] = header.subarray(0, 4)
    if (number >= streams.length || zeros.some(byte => byte !== 0))
      throw new TscomposeError('ENGINE_STREAM_INVALID', `no frame starts with ${header.toString('hex', 0, headerSize)}`)
    return headerSize + header.readUInt32BE(4)
  }

  #joined(): Buffer {
    const [first = Buffer.alloc(0), ...rest] = this.#pending
    if (rest.length === 0) return first
    const whole = Buffer.concat(this.#pending)
    this.#pending = [whole]
    return whole
  }
}

/**
 * The frames of a stream of the engine (`containerLogs`, `containerAttach`, `execStart`, without a terminal).
 * @throws TscomposeError ENGINE_STREAM_INVALID; ENGINE_STREAM_FAILED with the engine's words where it reports a failure
 */
export async function* decodeFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<StreamFrame> {
  const decoder = new FrameDecoder()
  for await (const chunk of source)
    for (const frame of decoder.push(chunk)) {
      if (frame.stream === 'systemerr')
        throw new TscomposeError('ENGINE_STREAM_FAILED', frame.payload.toString().trim())
      yield frame
    }
  decoder.end()
}
