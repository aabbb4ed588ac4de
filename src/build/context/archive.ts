import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { messageOf, TscomposeError } from '../../errors.ts'
import { decompress } from '../../image/unpack/decompress.ts'
import { Unpacker } from '../../image/unpack/unpacker.ts'
import type { BuildContext } from './context.ts'
import { openDirectoryContext, ownDirectory } from './open.ts'

/**
 * A context sent by the classic client: tar, maybe compressed.
 * @param temporary a directory for it
 * @throws TscomposeError BUILD_CONTEXT_INVALID
 */
export async function openArchiveContext(
  archive: Readable,
  dockerfile: string,
  temporary: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  return await ownDirectory(temporary, async directory => {
    await unpackArchive(archive, directory, temporary, signal)
    return await openDirectoryContext(directory, dockerfile)
  })
}

/** Unpacks confined to `directory`: no name and no link in the archive leads out of it. */
export async function unpackArchive(
  archive: AsyncIterable<Buffer>,
  directory: string,
  temporary: string,
  signal: AbortSignal,
): Promise<void> {
  const tar = join(temporary, 'context.tar')
  const sum = createHash('sha256')
  let size = 0
  try {
    const plain = Readable.from(decompress(archive)).on('data', (chunk: Buffer) => {
      sum.update(chunk)
      size += chunk.length
    })
    await pipeline(plain, createWriteStream(tar, { mode: 0o600 }), { signal })
    const blob = {
      path: tar,
      watch(grown: (size: number, complete: boolean) => void) {
        grown(size, true)
        return { [Symbol.dispose]() {} }
      },
    }
    const diffId = `sha256:${sum.digest('hex')}` as const
    await new Unpacker().unpack({ blob, directory, diffId, onProgress: () => {} }, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw new TscomposeError(
      'BUILD_CONTEXT_INVALID',
      `the build context is no archive that can be unpacked: ${messageOf(error)}`,
      { cause: error },
    )
  } finally {
    await rm(tar, { force: true })
  }
}
