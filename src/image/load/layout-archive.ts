import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { hexOf } from '../digest.ts'
import type { Digest } from '../image.ts'
import { type Descriptor, mediaTypes, parseManifest } from '../manifest.ts'
import { encodeEntry, padding, TRAILER, tarEntry } from '../pack/tar-encode.ts'

const CHUNK = 1024 * 1024
const refName = 'org.opencontainers.image.ref.name'

/** One image of a layout: without either it is the only one, or the one called `latest`. */
export interface LayoutChoice {
  readonly tag?: string
  readonly digest?: string
}

/**
 * One image of an OCI image layout in a directory (image-spec image-layout.md) as an archive that can be loaded. It
 * brings no name along, whatever the layout calls it: the names of images here are not the layout's to give.
 * @throws TscomposeError IMAGE_ARCHIVE_INVALID
 */
export async function layoutArchive(directory: string, choice: LayoutChoice): Promise<Readable> {
  const text = await readFile(join(directory, 'index.json'), 'utf8').catch(cause => {
    throw new TscomposeError('IMAGE_ARCHIVE_INVALID', `${directory} is no OCI layout: ${cause.message}`, { cause })
  })
  const chosen = choose(text, directory, choice)
  return Readable.from(archive(directory, chosen), { objectMode: false, highWaterMark: CHUNK })
}

function choose(text: string, directory: string, { tag, digest }: LayoutChoice): Descriptor {
  const index = parseManifest(text, join(directory, 'index.json'))
  const all = index.kind === 'index' ? index.manifests : []
  const called = (name: string) => all.findLast(({ annotations }) => annotations?.[refName] === name)
  const found =
    digest !== undefined
      ? all.find(one => one.digest === digest)
      : tag !== undefined
        ? called(tag)
        : all.length === 1
          ? all[0]
          : called('latest')
  if (found) return found
  const names = all.map(one => one.annotations?.[refName] ?? one.digest)
  throw new TscomposeError(
    'IMAGE_ARCHIVE_INVALID',
    `the OCI layout ${directory} has no image ${digest ?? tag ?? 'latest'}`,
    { fix: names.length > 0 ? `It has ${names.join(', ')}.` : 'It has none at all.' },
  )
}

async function* archive(directory: string, chosen: Descriptor): AsyncGenerator<Buffer, void> {
  const { mediaType, digest, size } = chosen
  yield* document('oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [{ mediaType, digest, size }] }
  yield* document('index.json', JSON.stringify(index))
  const written = new Set<Digest>()
  yield* withAllBelow(directory, chosen, written)
  yield TRAILER
}

/** A manifest or an index, and what it names; of an index, what the layout has of it. */
async function* withAllBelow(directory: string, top: Descriptor, written: Set<Digest>): AsyncGenerator<Buffer, void> {
  yield* blob(directory, top.digest, written)
  const manifest = parseManifest(await readFile(blobPath(directory, top.digest)), `${directory}: ${top.digest}`)
  if (manifest.kind === 'manifest') {
    for (const { digest } of [manifest.config, ...manifest.layers]) yield* blob(directory, digest, written)
    return
  }
  for (const below of manifest.manifests) {
    const isHere = await stat(blobPath(directory, below.digest)).catch(() => undefined)
    if (isHere) yield* withAllBelow(directory, below, written)
  }
}

async function* blob(directory: string, digest: Digest, written: Set<Digest>): AsyncGenerator<Buffer, void> {
  if (written.has(digest)) return
  written.add(digest)
  const path = blobPath(directory, digest)
  const { size } = await stat(path).catch(cause => {
    throw new TscomposeError('IMAGE_ARCHIVE_INVALID', `the OCI layout ${directory} lacks ${digest}`, { cause })
  })
  yield encodeEntry(tarEntry({ name: `blobs/sha256/${hexOf(digest)}`, size }))
  if (size > 0) yield* createReadStream(path, { end: size - 1, highWaterMark: CHUNK }) as AsyncIterable<Buffer>
  yield padding(size)
}

const blobPath = (directory: string, digest: Digest): string => join(directory, 'blobs/sha256', hexOf(digest))

function* document(name: string, text: string): Generator<Buffer> {
  const content = Buffer.from(text)
  yield encodeEntry(tarEntry({ name, size: content.length }))
  yield content
  yield padding(content.length)
}
