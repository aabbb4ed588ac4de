import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { ContentStore } from './content.ts'
import type { Digest } from './image.ts'
import { wholeFile } from './intake.ts'
import type { LayerDirectories } from './layers.ts'
import type { Layer } from './state.ts'

/**
 * Unpacks layers anew of which nobody knows whether the disk has them: from their archives, which have to have their
 * digests, and come to the layer's.
 * @returns those for which that worked, with their new directories
 */
export async function restoredLayers(
  doubtful: readonly (readonly [Digest, Layer])[],
  content: ContentStore,
  directories: LayerDirectories,
  taken: ReadonlySet<string>,
): Promise<readonly (readonly [Digest, Layer])[]> {
  const names = new Set(taken)
  const restored: [Digest, Layer][] = []
  if (doubtful.length > 0) directories.prepare()
  for (const [diffId, layer] of doubtful) {
    const path = content.path(layer.blob.digest)
    const unpack = async () => {
      if ((await digestOfFile(path)) !== layer.blob.digest) return undefined
      const archive = wholeFile(path, layer.blob.size)
      return await directories.unpack(diffId, archive, () => {}, new AbortController().signal)
    }
    await using unpacked = await unpack().catch(() => undefined)
    if (!unpacked) continue
    const directory = await unpacked.keep(names)
    names.add(directory)
    restored.push([diffId, { directory, size: unpacked.size, blob: layer.blob }])
  }
  return restored
}

async function digestOfFile(path: string): Promise<Digest> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return `sha256:${hash.digest('hex')}`
}
