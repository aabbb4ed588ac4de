import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { Digest } from '../image.ts'
import { packLayer, sizeOf } from '../pack/layer.ts'
import { confine } from './confine.ts'
import { decompress } from './decompress.ts'
import { Failure, failureOf } from './failure.ts'
import { GrowingFile } from './growing-file.ts'
import { LayerWriter, type Written } from './layer-writer.ts'
import type { FromUnpacker, ToUnpacker } from './protocol.ts'
import { TarError } from './tar-entry.ts'
import { TarReader } from './tar-reader.ts'

/**
 * The program that unpacks and packs layers, one at a time, and tells over its IPC channel how far it is. While it writes a layer
 * its root directory is that of the layer (confine.ts), so everything it needs is imported above.
 *
 * A process and not a Worker: ffi-rs must not be used by two threads at the same time, and a root directory of its own
 * is what a process has by nature. When the engine is killed the channel closes, and this ends.
 */
process.title = 'tscompose-unpack'
process.umask(0) // the archive says what the modes are
process.on('disconnect', () => process.exit())
const say = (message: FromUnpacker): void => void process.send?.(message)

const PROGRESS_MS = 100
/**
 * Bytes of used-up chunks after which the collector is called. They lie outside of the heap, where V8 lets 64 MiB pile
 * up; a minor collection frees them in well under a millisecond. Needs --expose-gc.
 */
const GARBAGE = 8 * 1024 * 1024

let blob: GrowingFile | undefined

process.on('message', (message: ToUnpacker) => {
  switch (message.type) {
    case 'unpack':
      blob = new GrowingFile(message.blob)
      unpack(blob, message.directory, message.diffId).then(
        written => say({ type: 'unpacked', ...written }),
        error => say({ type: 'failed', ...failureOf(error) }),
      )
      return
    case 'available':
      return blob?.available(message.size, message.complete)
    case 'abandon':
      return blob?.fail(new Failure('IMAGE_UNPACK_FAILED', 'given up'))
    case 'remove':
      return answer(() => {
        rmSync(message.directory, { recursive: true, force: true })
        return { type: 'removed' }
      })
    case 'measure':
      return answer(() => ({ type: 'measured', size: sizeOf(message.directory) }))
    case 'pack':
      return answer(() => ({ type: 'packed', ...packLayer(message) }))
  }
})

function answer(work: () => FromUnpacker): void {
  try {
    say(work())
  } catch (error) {
    say({ type: 'failed', ...failureOf(error) })
  }
}

async function unpack(
  blob: GrowingFile,
  directory: string,
  expected: Digest | undefined,
): Promise<Written & { readonly diffId: Digest }> {
  const hash = createHash('sha256')
  const reader = new TarReader()
  const writer = new LayerWriter()
  let garbage = 0
  let reported = performance.now()
  const archive = decompress(blob.chunks())
  try {
    const first = await archive.next() // the blob is open when it comes
    using _ = confine(directory)
    for (let chunk = first; !chunk.done; chunk = await archive.next()) {
      hash.update(chunk.value)
      for (const event of reader.read(chunk.value)) {
        if (event.type === 'data') writer.data(event.chunk)
        else if (event.type === 'end') writer.end()
        else within(event.entry.name, () => writer.entry(event.entry))
      }
      garbage += chunk.value.length
      if (garbage > GARBAGE) {
        garbage = 0
        gc?.({ type: 'minor' })
      }
      if (performance.now() - reported < PROGRESS_MS) continue
      reported = performance.now()
      say({ type: 'progress', current: blob.position })
    }
    reader.finish()
    const diffId: Digest = `sha256:${hash.digest('hex')}`
    if (expected && diffId !== expected)
      throw new Failure('IMAGE_DIGEST_MISMATCH', `the layer has the diff id ${diffId}, not ${expected} as announced`)
    return { ...writer.finish(), diffId }
  } finally {
    writer.abandon()
    await archive.return()
  }
}

/** Names the entry in what goes wrong with it. */
function within(name: string, write: () => void): void {
  try {
    write()
  } catch (error) {
    if (error instanceof TarError) throw error
    throw new Failure(
      'IMAGE_UNPACK_FAILED',
      `cannot unpack ${JSON.stringify(name)}: ${(error as Error).message}`,
      error,
    )
  }
}
