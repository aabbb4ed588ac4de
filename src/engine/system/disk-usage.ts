import type { Digest, ListedImage } from '../../image/image.ts'
import type { DiskUsageType, ImageSummary, SystemDataUsage } from '../api.ts'
import { buildCacheOf } from '../build/disk-usage.ts'
import { listContainers } from '../container/list.ts'
import type { Context } from '../context.ts'
import { usersOfImages } from '../image/images.ts'
import { summarizeImage } from '../image/view.ts'
import { dataRootUsage } from './data-root.ts'

/** What Docker's clients ask for, if they do not say. */
const dockerTypes: readonly DiskUsageType[] = ['container', 'image', 'volume', 'build-cache']
export const diskUsageTypes: readonly DiskUsageType[] = [...dockerTypes, 'data-root']

/** `GET /system/df`: what there is and how many bytes of the disk it takes. Kinds that nobody asks for are null. */
export async function systemDiskUsage(
  context: Context,
  kinds: readonly DiskUsageType[] = dockerTypes,
): Promise<SystemDataUsage> {
  const of = <T>(kind: DiskUsageType, list: () => Promise<T>): Promise<T | null> =>
    kinds.includes(kind) ? list() : Promise.resolve(null)
  const [images, containers, volumes, builds, dataRoot] = await Promise.all([
    of('image', () => imageUsage(context)),
    of('container', () => listContainers(context, { all: true, size: true })),
    of('volume', () => context.volumes.usage()),
    of('build-cache', async () => (context.hasBuilder ? await buildCacheOf(await context.builder()) : [])),
    of('data-root', () => dataRootUsage(context)),
  ])
  return {
    LayersSize: images?.layersSize ?? 0,
    Images: images?.summaries ?? null,
    Containers: containers,
    Volumes: volumes,
    BuildCache: builds,
    BuilderSize: (builds ?? []).reduce((sum, { Size, Shared }) => sum + (Shared ? 0 : Size), 0),
    ...(dataRoot && { DataRoot: dataRoot }),
  }
}

/** Layers that several images have are on the disk once; an image's own are its configuration and manifest, too. */
async function imageUsage({ images, ...context }: Context): Promise<{ layersSize: number; summaries: ImageSummary[] }> {
  const all = await images.list()
  const containers = usersOfImages(context)
  const users = new Map<Digest, number>()
  for (const image of all) for (const layer of layersOf(image)) users.set(layer, (users.get(layer) ?? 0) + 1)
  const sizeOf = (layers: Iterable<Digest>) => [...layers].reduce((sum, layer) => sum + images.layerSize(layer), 0)
  const documents = await Promise.all(all.map(image => images.documentsSize(image)))
  const summaries = all.map((image, at): ImageSummary => {
    const layers = [...layersOf(image)]
    const shared = sizeOf(layers.filter(layer => (users.get(layer) ?? 0) > 1))
    return {
      ...summarizeImage(image, containers),
      Size: sizeOf(layers) + (documents[at] ?? 0),
      SharedSize: shared,
    }
  })
  return { layersSize: sizeOf(users.keys()) + documents.reduce((sum, size) => sum + size, 0), summaries }
}

/** What an image has for all its platforms; it may have one layer several times. */
const layersOf = ({ variants }: ListedImage): ReadonlySet<Digest> => new Set(variants.flatMap(({ layers }) => layers))
