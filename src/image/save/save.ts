import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import type { Catalog } from '../catalog.ts'
import { hexOf } from '../digest.ts'
import type { Digest } from '../image.ts'
import { encodeEntry, padding, TRAILER, tarEntry } from '../pack/tar-encode.ts'
import { storedIndex, storedManifest } from '../stored-manifest.ts'
import { layoutFiles, type Saved, type SavedTarget } from './layout.ts'

const CHUNK = 1024 * 1024

/**
 * An archive of images that is both: what `docker save` writes (moby image/spec, manifest.json) and an OCI image layout
 * (image-spec image-layout.md). Layers are in it as they are stored, so that an image keeps its digests.
 * @throws TscomposeError IMAGE_STORE_INVALID if something of them is damaged
 */
export async function saveArchive(catalog: Catalog, targets: readonly SavedTarget[]): Promise<Readable> {
  await using leases = new AsyncDisposableStack()
  const lease = leases.use(catalog.lease())
  const saved: Saved[] = []
  for (const { target, names } of targets) {
    const images = catalog.imagesOf(target)
    if (images.length === 0) throw new TscomposeError('IMAGE_NOT_FOUND', `the image ${target} has been removed`)
    await lease.hold([target, ...images.flatMap(({ id, layers }) => [id, ...layers])])
    const index = target in catalog.state.indexes ? await storedIndex(catalog, target) : undefined
    const byId = new Map(index?.images.map(image => [image.id, image]))
    const stored = await Promise.all(images.map(({ id }) => byId.get(id) ?? storedManifest(catalog, id)))
    for (const { digest, manifest } of stored) {
      await lease.hold([digest, ...manifest.layers.map(({ digest }) => digest)])
      for (const blob of [manifest.config, ...manifest.layers]) await catalog.content.check(blob)
    }
    saved.push({ names, images: stored, ...(index && { index }) })
  }
  const held = leases.move()
  return Readable.from(archive(catalog, saved, held), { objectMode: false, highWaterMark: CHUNK })
}

async function* archive(
  catalog: Catalog,
  saved: readonly Saved[],
  leases: AsyncDisposable,
): AsyncGenerator<Buffer, void> {
  await using _ = leases
  const written = new Set<Digest>()
  for (const { images, index } of saved) {
    for (const { manifest, bytes, digest } of images) {
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
    if (index && !written.has(index.digest)) yield* file(blobPath(index.digest), index.bytes)
    if (index) written.add(index.digest)
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
