import { TscomposeError } from '../errors.ts'
import type { Catalog } from './catalog.ts'
import { digestOf } from './digest.ts'
import type { Digest } from './image.ts'
import { type Manifest, ociManifest, parseManifest } from './manifest.ts'

/** The manifest by which an image can be given to others: the store has everything that it names. */
export interface StoredManifest {
  readonly bytes: Buffer
  readonly digest: Digest
  readonly manifest: Manifest
}

/**
 * An image's manifest, byte for byte as it came, so that the image keeps its digest wherever it goes. Only where the
 * store has a layer in another compression than the manifest names, because it came with another image first, is the
 * manifest a new one.
 */
export async function storedManifest(catalog: Catalog, id: Digest): Promise<StoredManifest> {
  const image = catalog.image(id)
  const own = catalog.state.images[id]
  if (!image || !own) throw new TscomposeError('IMAGE_NOT_FOUND', `the image ${id} has been removed`)
  const bytes = await catalog.content.read(own)
  const manifest = parseManifest(bytes, `the manifest of ${id}`)
  if (manifest.kind === 'index') throw new TypeError(`the manifest of ${id} is an index`)
  const blobs = image.layers.map(diffId => {
    const layer = catalog.layer(diffId)
    if (!layer) throw new TypeError(`the image ${id} has no layer ${diffId}`)
    return layer.blob
  })
  if (blobs.every(({ digest }, index) => digest === manifest.layers[index]?.digest))
    return { bytes, digest: own, manifest }
  const text = ociManifest(manifest.config, blobs)
  const made = parseManifest(text)
  if (made.kind === 'index') throw new TypeError('not an index')
  return { bytes: Buffer.from(text), digest: digestOf(text), manifest: made }
}
