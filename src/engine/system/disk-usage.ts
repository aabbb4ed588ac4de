import type { Image } from '../../image/image.ts'
import type { DiskUsageType, ImageSummary, SystemDataUsage } from '../api.ts'
import { buildCacheOf } from '../build/disk-usage.ts'
import { listContainers } from '../container/list.ts'
import type { Context } from '../context.ts'
import { listImages } from '../image/images.ts'

export const diskUsageTypes: readonly DiskUsageType[] = ['container', 'image', 'volume', 'build-cache']

/** `GET /system/df`: what there is and how many bytes of the disk it takes. Kinds that nobody asks for are null. */
export async function systemDiskUsage(
  context: Context,
  kinds: readonly DiskUsageType[] = diskUsageTypes,
): Promise<SystemDataUsage> {
  const of = <T>(kind: DiskUsageType, list: () => Promise<T>): Promise<T | null> =>
    kinds.includes(kind) ? list() : Promise.resolve(null)
  const [images, containers, volumes, builds] = await Promise.all([
    of('image', () => imageUsage(context)),
    of('container', () => listContainers(context, { all: true, size: true })),
    of('volume', () => context.volumes.usage()),
    of('build-cache', async () => (context.hasBuilder ? buildCacheOf(await context.builder()) : [])),
  ])
  return {
    LayersSize: images?.layersSize ?? 0,
    Images: images?.summaries ?? null,
    Containers: containers,
    Volumes: volumes,
    BuildCache: builds,
    BuilderSize: 0,
  }
}

/** Layers that several images have are on the disk once. */
async function imageUsage(context: Context): Promise<{ layersSize: number; summaries: ImageSummary[] }> {
  const [images, summaries] = await Promise.all([context.images.list(), listImages(context)])
  const users = new Map<string, number>()
  for (const image of images) for (const layer of layersOf(image)) users.set(layer, (users.get(layer) ?? 0) + 1)
  const sizeOf = (layers: Iterable<string>) =>
    [...layers].reduce((sum, layer) => sum + context.images.layerSize(layer as Image['layers'][number]), 0)
  const shared = new Map<string, number>(
    images.map(image => [image.id, sizeOf([...layersOf(image)].filter(layer => (users.get(layer) ?? 0) > 1))]),
  )
  return {
    layersSize: sizeOf(users.keys()),
    summaries: summaries.map(summary => ({ ...summary, SharedSize: shared.get(summary.Id) ?? 0 })),
  }
}

/** An image may have one layer twice. */
const layersOf = ({ layers }: Image): ReadonlySet<string> => new Set<string>(layers)
