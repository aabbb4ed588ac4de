import { TscomposeError } from '../errors.ts'
import type { Catalog } from './catalog.ts'
import { digestOf } from './digest.ts'
import type { Digest } from './image.ts'
import { type Descriptor, type Manifest, ociManifest, parseManifest } from './manifest.ts'

/** The manifest by which an image can be given to others: the store has everything that it names. */
export interface StoredManifest {
  readonly id: Digest
  readonly bytes: Buffer
  readonly digest: Digest
  readonly manifest: Manifest
}

/** An index, with the manifests of its images that are here. */
export interface StoredIndex {
  readonly bytes: Buffer
  readonly digest: Digest
  readonly mediaType: string
  readonly images: readonly StoredManifest[]
  /** Manifests that it names and that are not here. */
  readonly missing: readonly Descriptor[]
}

/**
 * An image's manifest, byte for byte as it came, so that the image keeps its digest wherever it goes. Only where the
 * store has a layer in another compression than the manifest names, because it came with another image first, is the
 * manifest a new one.
 * @param wanted that by which an index knows the image
 */
export async function storedManifest(catalog: Catalog, id: Digest, wanted?: Digest): Promise<StoredManifest> {
  const image = catalog.image(id)
  const own = catalog.state.images[id]
  if (!image || !own) throw new TscomposeError('IMAGE_NOT_FOUND', `the image ${id} has been removed`)
  const digest = wanted && (await catalog.content.has(wanted)) ? wanted : own
  const bytes = await catalog.content.read(digest)
  const manifest = manifestOf(bytes, id)
  const blobs = image.layers.map(diffId => {
    const layer = catalog.layer(diffId)
    if (!layer) throw new TypeError(`the image ${id} has no layer ${diffId}`)
    return layer.blob
  })
  if (blobs.every(({ digest }, index) => digest === manifest.layers[index]?.digest))
    return { id, bytes, digest, manifest }
  const text = ociManifest(manifest.config, blobs, manifest.annotations)
  return { id, bytes: Buffer.from(text), digest: digestOf(text), manifest: manifestOf(text, id) }
}

function manifestOf(bytes: string | Buffer, id: Digest): Manifest {
  const manifest = parseManifest(bytes, `the manifest of ${id}`)
  if (manifest.kind === 'index') throw new TypeError(`the manifest of ${id} is an index`)
  return manifest
}

/** An index byte for byte as it came, unless the manifest of one of its images is a new one. */
export async function storedIndex(catalog: Catalog, index: Digest): Promise<StoredIndex> {
  const children = catalog.state.indexes[index]
  if (!children) throw new TscomposeError('IMAGE_NOT_FOUND', `the image ${index} has been removed`)
  const bytes = await catalog.content.read(index)
  const parsed = parseManifest(bytes, `the index ${index}`)
  if (parsed.kind !== 'index') throw new TypeError(`${index} is no index`)
  const found = await Promise.all(
    parsed.manifests.map(async ({ digest }) => {
      const id = children[digest]
      return id && (await storedManifest(catalog, id, digest))
    }),
  )
  const images = found.filter(manifest => manifest !== undefined)
  const missing = parsed.manifests.filter((_, at) => !found[at])
  if (parsed.manifests.every(({ digest }, at) => (found[at]?.digest ?? digest) === digest))
    return { bytes, digest: index, mediaType: parsed.mediaType, images, missing }
  const document = JSON.parse(bytes.toString()) as { manifests: object[] }
  const manifests = document.manifests.map((descriptor, at) => {
    const stored = found[at]
    if (!stored) return descriptor
    return { ...descriptor, mediaType: stored.manifest.mediaType, digest: stored.digest, size: stored.bytes.length }
  })
  const made = Buffer.from(JSON.stringify({ ...document, manifests }))
  return { bytes: made, digest: digestOf(made), mediaType: parsed.mediaType, images, missing }
}
