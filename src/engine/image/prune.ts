import type { Digest, Image } from '../../image/image.ts'
import type { Filters, ImageDeleteItem, ImagePruneResponse } from '../api.ts'
import type { Context } from '../context.ts'
import { booleanFilter, pruneFilter } from '../filters.ts'
import { removeAndTell } from './images.ts'

/**
 * Removes images without a name that nothing uses; with `dangling=false` all that no container uses. What a container
 * has, running or not, is never removed.
 * @throws TscomposeError ENGINE_REQUEST_INVALID
 */
export async function pruneImages(context: Context, filters: Filters = {}): Promise<ImagePruneResponse> {
  const { dangling, ...others } = filters
  const onlyDangling = booleanFilter(dangling ? { dangling } : {}, 'dangling') ?? true
  const isWanted = pruneFilter(others)
  const before = await context.images.list()
  const sizes = layerSizes(context, before)
  const isUsed = ({ id }: Image) => context.containers.all().some(({ record }) => record.image === id)
  const deleted: ImageDeleteItem[] = []
  let documents = 0
  for (const image of before) {
    if (onlyDangling && image.repoTags.length > 0) continue
    if (!isWanted({ labels: { ...image.config.Labels }, created: image.created.toISOString() })) continue
    if (isUsed(image)) continue
    documents += await context.images.documentsSize(image)
    deleted.push(...(await removeAndTell(context, image, image.id, true)))
  }
  // What the cache of builds keeps is not free yet.
  const reclaimed = [...sizes].reduce((sum, [diffId, size]) => sum + size - context.images.layerSize(diffId), documents)
  context.events.emit('image', 'prune', '', { reclaimed: String(reclaimed) })
  return { ImagesDeleted: deleted, SpaceReclaimed: reclaimed }
}

/** Bytes of every layer, each once however many images have it. */
const layerSizes = ({ images }: Context, some: readonly Image[]): ReadonlyMap<Digest, number> =>
  new Map(some.flatMap(({ layers }) => layers.map(diffId => [diffId, images.layerSize(diffId)] as const)))
