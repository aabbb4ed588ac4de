import type { Digest, RetainedLayers } from '../../image/image.ts'
import { mediaTypes } from '../../image/manifest.ts'
import type { Layer } from '../../image/state.ts'
import type { CacheRecord } from './record.ts'

/** What the image store has to keep for the cache when it is opened. */
export function retainedLayers(records: Iterable<CacheRecord>): RetainedLayers {
  const directories = new Set<string>()
  const layers = new Map<Digest, Layer>()
  for (const { directory, size, archive } of records) {
    directories.add(directory)
    if (archive && !layers.has(archive.digest))
      layers.set(archive.digest, { directory, size, blob: archive.blob ?? plain(archive) })
  }
  return { directories, layers }
}

const plain = ({ digest, size }: { readonly digest: Digest; readonly size: number }): Layer['blob'] => ({
  digest,
  size,
  mediaType: mediaTypes.ociLayer,
})
