import type { Image } from '../../image/image.ts'
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
  for (const image of before) {
    if (onlyDangling && image.repoTags.length > 0) continue
    if (!isWanted({ labels: { ...image.config.Labels }, created: image.created.toISOString() })) continue
    if (!isUsed(image)) deleted.push(...(await removeAndTell(context, image, image.id, true)))
  }
  const left = layerSizes(context, await context.images.list())
  const reclaimed = [...sizes].reduce((sum, [diffId, size]) => sum + (left.has(diffId) ? 0 : size), 0)
  context.events.emit('image', 'prune', '', { reclaimed: String(reclaimed) })
  return { ImagesDeleted: deleted, SpaceReclaimed: reclaimed }
}

/** Bytes of every layer, each once however many images have it. */
const layerSizes = ({ images }: Context, some: readonly Image[]): ReadonlyMap<string, number> =>
  new Map(
    some.flatMap(image => {
      const sizes = images.layerSizes(image)
      return image.layers.map((diffId, index) => [diffId, sizes[index] ?? 0] as const)
    }),
  )
