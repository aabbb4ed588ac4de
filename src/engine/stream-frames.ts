import { TscomposeError } from '../errors.ts'
import { FrameSplitter } from './frame-splitter.ts'

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
  readonly #splitter = new FrameSplitter(headerSize, payloadLength)

  /**
   * @returns the frames that `chunk` completes; payloads share its memory where they can
   * @throws TscomposeError ENGINE_STREAM_INVALID where no frame can start like this, as in the raw stream of a terminal
   */
  push(chunk: Uint8Array): StreamFrame[] {
    return this.#splitter.push(chunk).flatMap(frame => {
      const stream = streams[frame.readUInt8(0)]
      return stream ? { stream, payload: frame.subarray(headerSize) } : []
    })
  }

  /** @throws TscomposeError ENGINE_STREAM_INVALID if the stream ended within a frame */
  end(): void {
    if (!this.#splitter.isBetweenFrames)
      throw new TscomposeError('ENGINE_STREAM_INVALID', 'the stream ended within a frame')
  }
}

function payloadLength(header: Buffer): number {
  const [number = 0, ...zeros] = header.subarray(0, 4)
  if (number >= streams.length || zeros.some(byte => byte !== 0))
    throw new TscomposeError('ENGINE_STREAM_INVALID', `no frame starts with ${header.toString('hex')}`)
  return header.readUInt32BE(4)
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
