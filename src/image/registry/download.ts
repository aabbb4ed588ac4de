import { TscomposeError } from '../../errors.ts'
import type { BlobWriter } from '../content.ts'
import type { Digest } from '../image.ts'
import type { Descriptor } from '../manifest.ts'
import { unreachable } from './failures.ts'
import { PassingFault, retrying } from './retry.ts'

const RETRIES = 5

/** Who has blobs. */
export interface BlobSource {
  readonly host: string
  /** @returns the bytes of a blob, and the byte at which they begin, which may lie before the one that was asked for */
  blob(digest: Digest, offset: number, signal: AbortSignal): Promise<{ body: AsyncIterable<Buffer>; offset: number }>
}

/**
 * Downloads a blob into `writer`. A connection that breaks is taken up again where it broke.
 * @throws TscomposeError REGISTRY_UNREACHABLE when it breaks again and again without a byte coming through
 */
export async function download(
  client: BlobSource,
  { digest, size }: Descriptor,
  writer: BlobWriter,
  onProgress: (current: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const attempt = async (progress: () => void) => {
    const { body, offset } = await client.blob(digest, writer.size, signal)
    let position = offset
    const from = writer.size
    if (offset > from) throw new TscomposeError('REGISTRY_ERROR', `${client.host} leaves out a part of ${digest}`)
    for await (const chunk of withFaults(body, client.host, signal)) {
      const fresh = chunk.subarray(Math.max(0, Math.min(chunk.length, writer.size - position)))
      position += chunk.length
      if (position > size)
        throw new TscomposeError(
          'IMAGE_DIGEST_MISMATCH',
          `${client.host} sends more than the ${size} bytes of ${digest}`,
        )
      if (fresh.length === 0) continue
      await writer.append(fresh)
      progress()
      onProgress(writer.size)
    }
    // An answer may also end too early without an error, behind a proxy that breaks off.
    if (writer.size < size && writer.size > from)
      throw new PassingFault('short', { cause: unreachable(client.host, new Error('the connection ended early')) })
  }
  await retrying(RETRIES, attempt, signal)
}

async function* withFaults(
  body: AsyncIterable<Buffer>,
  host: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const chunks = body[Symbol.asyncIterator]()
  try {
    while (true) {
      const next = await chunks.next().catch(cause => {
        signal.throwIfAborted()
        const error = unreachable(host, cause)
        throw new PassingFault(error.message, { cause: error })
      })
      if (next.done) return
      yield next.value
    }
  } finally {
    await chunks.return?.()
  }
}
