import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import type { Catalog } from '../catalog.ts'
import { hexOf } from '../digest.ts'
import type { Digest } from '../image.ts'
import { encodeEntry, padding, TRAILER, tarEntry } from '../pack/tar-encode.ts'
import { type StoredManifest, storedManifest } from '../stored-manifest.ts'
import { layoutFiles, type SavedImage } from './layout.ts'

const CHUNK = 1024 * 1024

/**
 * An archive of images that is both: what `docker save` writes (moby image/spec, manifest.json) and an OCI image layout
 * (image-spec image-layout.md). Layers are in it as they are stored, so that an image keeps its digests.
 * @throws TscomposeError IMAGE_STORE_INVALID if something of them is damaged
 */
export async function saveArchive(catalog: Catalog, images: readonly SavedImage[]): Promise<Readable> {
  await using leases = new AsyncDisposableStack()
  const lease = leases.use(catalog.lease())
  const saved: { image: SavedImage; stored: StoredManifest }[] = []
  for (const image of images) {
    await lease.hold([image.id, ...layersOf(catalog, image.id)])
    const stored = await storedManifest(catalog, image.id)
    const { config, layers } = stored.manifest
    await lease.hold([stored.digest, ...layers.map(({ digest }) => digest)])
    for (const blob of [config, ...layers]) await catalog.content.check(blob)
    saved.push({ image, stored })
  }
  const held = leases.move()
  return Readable.from(archive(catalog, saved, held), { objectMode: false, highWaterMark: CHUNK })
}

function layersOf(catalog: Catalog, id: Digest): readonly Digest[] {
  const image = catalog.image(id)
  if (!image) throw new TscomposeError('IMAGE_NOT_FOUND', `the image ${id} has been removed`)
  return image.layers
}

async function* archive(
  catalog: Catalog,
  saved: readonly { image: SavedImage; stored: StoredManifest }[],
  leases: AsyncDisposable,
): AsyncGenerator<Buffer, void> {
  await using _ = leases
  const written = new Set<Digest>()
  for (const { stored } of saved) {
    const { manifest, bytes, digest } = stored
    for (const blob of [...manifest.layers, manifest.config]) {
      if (written.has(blob.digest)) continue
      written.add(blob.digest)
      yield encodeEntry(tarEntry({ name: blobPath(blob.digest), size: blob.size }))
      yield* createReadStream(catalog.content.path(blob.digest), { highWaterMark: CHUNK }) as AsyncIterable<Buffer>
      yield padding(blob.size)
    }
    if (!written.has(digest)) yield* file(blobPath(digest), bytes)
    written.add(digest)
  }
  for (const [name, content] of layoutFiles(saved)) yield* file(name, Buffer.from(content))
  yield TRAILER
}

function* file(name: string, content: Buffer): Generator<Buffer> {
  yield encodeEntry(tarEntry({ name, size: content.length }))
  yield content
  yield padding(content.length)
}

const blobPath = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`
