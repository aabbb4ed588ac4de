import { TscomposeError } from '../../errors.ts'
import type { Digest, Image, ListedImage } from '../../image/image.ts'
import type { Filters, ImageDeleteItem, ImagePruneResponse } from '../api.ts'
import type { Context } from '../context.ts'
import { booleanFilter, pruneFilter } from '../filters.ts'
import { inUse, isUsed, removeAndTell } from './remove.ts'

const passedOver: readonly string[] = ['ENGINE_IMAGE_IN_USE', 'IMAGE_NOT_FOUND']

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
  const judge = (image: Image) => {
    if (isUsed(context, image)) throw inUse(image.id, 'cannot be forced', 'image is being used by a container')
    return 'delete' as const
  }
  const deleted: ImageDeleteItem[] = []
  let documents = 0
  for (const image of before) {
    if (onlyDangling && image.repoTags.length > 0) continue
    if (!isWanted({ labels: { ...image.config.Labels }, created: image.created.toISOString() })) continue
    const own = await context.images.documentsSize(image)
    try {
      deleted.push(...(await removeAndTell(context, image, image.target, true, judge)))
      documents += own
    } catch (error) {
      // Somebody has made a container of it, or has been faster.
      if (!(error instanceof TscomposeError) || !passedOver.includes(error.code)) throw error
    }
  }
  // What the cache of builds keeps is not free yet.
  const reclaimed = [...sizes].reduce((sum, [diffId, size]) => sum + size - context.images.layerSize(diffId), documents)
  context.events.emit('image', 'prune', '', { reclaimed: String(reclaimed) })
  return { ImagesDeleted: deleted, SpaceReclaimed: reclaimed }
}

/** Bytes of every layer, each once however many images have it. */
const layerSizes = ({ images }: Context, some: readonly ListedImage[]): ReadonlyMap<Digest, number> =>
  new Map(
    some.flatMap(({ variants }) =>
      variants.flatMap(({ layers }) => layers.map(diffId => [diffId, images.layerSize(diffId)] as const)),
    ),
  )
