import { pipeline, Readable, type Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { TarError } from './tar-entry.ts'
import { type FramePart, isZstd, ZstdFrames } from './zstd-frames.ts'

export type Compression = 'gzip' | 'zstd' | 'none'

// Node's default of 16 KiB makes inflating several times slower: every piece is a trip to another thread and back.
const OUTPUT_CHUNK = 512 * 1024

/**
 * How an archive that starts so is compressed. What Docker does not write counts as not compressed, hence as no tar.
 * @param start its first four bytes
 */
export function compressionOf(start: Buffer): Compression {
  if (start.length >= 2 && start.readUInt16BE() === 0x1f8b) return 'gzip'
  if (start.length >= 4 && isZstd(start.readUInt32LE())) return 'zstd'
  return 'none'
}

/** Real archives compress two- to tenfold; only when there is much of it does more look like an attack. */
const EXPANSION = { free: 1024 ** 3, factor: 250 }

/** An archive that is small on the way and would fill the disk. */
export class ExpansionError extends TarError {}

/**
 * The chunks of an archive, decompressed if its first bytes say that it is compressed.
 * @throws ExpansionError where that makes far more of it than it was
 */
export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let [taken, expanded] = [0, 0]
  const counted = (async function* () {
    for await (const chunk of source) {
      taken += chunk.length
      yield chunk
    }
  })()
  for await (const chunk of decompressed(counted)) {
    expanded += chunk.length
    if (expanded > EXPANSION.free && expanded > EXPANSION.factor * taken)
      throw new ExpansionError(`it expands to more than ${EXPANSION.factor} times its size`)
    yield chunk
  }
}

async function* decompressed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const chunks = source[Symbol.asyncIterator]()
  const start: Buffer[] = []
  let known = 0
  while (known < 4) {
    const { value, done } = await chunks.next()
    if (done) break
    start.push(value)
    known += value.length
  }
  const all = concatenated(start, chunks)
  switch (compressionOf(Buffer.concat(start))) {
    case 'gzip':
      return yield* through(all, createGunzip({ chunkSize: OUTPUT_CHUNK }))
    case 'zstd':
      return yield* unzstd(all)
    case 'none':
      return yield* all
  }
}

async function* concatenated(start: readonly Buffer[], rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void> {
  try {
    yield* start
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const frames = new ZstdFrames()
  const parts = (async function* () {
    for await (const chunk of source) yield* frames.split(chunk)
  })()
  try {
    for (let first = await parts.next(); !first.done; first = await parts.next())
      yield* through(frameOf(first.value, parts), createZstdDecompress({ chunkSize: OUTPUT_CHUNK }))
    if (!frames.whole) throw new Error('unexpected end of file')
  } finally {
    await parts.return()
  }
}

/** One frame out of the parts of all: `first`, and on to the last of the frame. */
async function* frameOf(first: FramePart, parts: AsyncIterator<FramePart>): AsyncGenerator<Buffer, void> {
  yield first.part
  for (let { last } = first; !last; ) {
    const next = await parts.next()
    if (next.done) return // the decompressor will say that the end is missing
    yield next.value.part
    last = next.value.last
  }
}

async function* through(source: AsyncIterable<Buffer>, transform: Transform): AsyncGenerator<Buffer, void> {
  // An error of the source destroys the transform with it, and so reaches whoever reads from that.
  yield* pipeline(Readable.from(source, { objectMode: true, highWaterMark: 1 }), transform, () => {})
}
