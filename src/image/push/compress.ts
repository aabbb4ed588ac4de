import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGzip } from 'node:zlib'
import type { Catalog, Lease } from '../catalog.ts'
import type { Digest } from '../image.ts'
import { mediaTypes } from '../manifest.ts'
import type { Layer } from '../state.ts'
import { storedManifest } from '../stored-manifest.ts'

const CHUNK = 512 * 1024
/** Two thirds of the time that zlib's default takes, for a few percent more to send. */
const LEVEL = 4

/**
 * Compresses the layers of an image that are stored as they are, which is how archives bring them; from then on the
 * store has them compressed. An image that has been in a registry stays as it is, and with it its digest.
 */
export async function compressLayers(
  catalog: Catalog,
  lease: Lease,
  id: Digest,
  onProgress: (diffId: Digest, current: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const image = catalog.image(id)
  if (!image || image.repoDigests.length > 0) return
  const plain = [...new Set(image.layers)].filter(diffId => !/[.+](gzip|zstd)$/.test(blobOf(catalog, diffId).mediaType))
  if (plain.length === 0) return
  const failed = new AbortController()
  const until = AbortSignal.any([signal, failed.signal])
  const work = plain.map(async diffId => {
    try {
      const tell = (current: number, total: number) => onProgress(diffId, current, total)
      return [diffId, await compress(catalog, lease, blobOf(catalog, diffId), tell, until)] as const
    } catch (error) {
      failed.abort(error)
      throw error
    }
  })
  await Promise.allSettled(work)
  until.throwIfAborted()
  const blobs = new Map(await Promise.all(work))
  await catalog.change(state => {
    const layers = Object.entries(state.layers).map(([diffId, layer]) => {
      const blob = blobs.get(diffId as Digest)
      return [diffId, blob ? { ...layer, blob } : layer] as const
    })
    return { ...state, layers: Object.fromEntries(layers) }
  })
  const { bytes, digest } = await storedManifest(catalog, id)
  await lease.hold([digest])
  await catalog.content.put(bytes)
  await catalog.change(state => (id in state.images ? { ...state, images: { ...state.images, [id]: digest } } : state))
}

function blobOf(catalog: Catalog, diffId: Digest): Layer['blob'] {
  const layer = catalog.layer(diffId)
  if (!layer) throw new TypeError(`there is no layer ${diffId}`)
  return layer.blob
}

async function compress(
  catalog: Catalog,
  lease: Lease,
  blob: Layer['blob'],
  onProgress: (current: number, total: number) => void,
  signal: AbortSignal,
): Promise<Layer['blob']> {
  await using writer = await catalog.content.create()
  let read = 0
  const source = createReadStream(catalog.content.path(blob.digest), { highWaterMark: CHUNK, signal })
  source.on('data', chunk => {
    read += chunk.length
    onProgress(read, blob.size)
  })
  const gzip = createGzip({ level: LEVEL, chunkSize: CHUNK })
  for await (const chunk of pipeline(source, gzip, () => {}) as AsyncIterable<Buffer>) await writer.append(chunk)
  await lease.hold([await writer.end()])
  return { ...(await writer.commit()), mediaType: `${mediaTypes.ociLayer}+gzip` }
}
