import type { Engine, Filters, ImageDeleteItem } from '../engine/api.ts'

/** What a removal of the unused has removed: in docker's words, empty for nothing, and bytes where it is about bytes. */
export interface Pruned {
  readonly text: string
  readonly bytes?: number
}

export async function pruneContainers(engine: Engine, filters: Filters): Promise<Pruned> {
  const { ContainersDeleted, SpaceReclaimed } = await engine.containerPrune({ filters })
  return { text: section('Containers', ContainersDeleted), bytes: SpaceReclaimed }
}

export async function pruneNetworks(engine: Engine, filters: Filters): Promise<Pruned> {
  const { NetworksDeleted } = await engine.networkPrune({ filters })
  return { text: section('Networks', NetworksDeleted) }
}

/** @param all also those with a name */
export async function pruneVolumes(engine: Engine, filters: Filters, all: boolean): Promise<Pruned> {
  const { VolumesDeleted, SpaceReclaimed } = await engine.volumePrune({
    filters: { ...filters, ...(all && { all: ['true'] }) },
  })
  return { text: section('Volumes', VolumesDeleted), bytes: SpaceReclaimed }
}

/** @param all also those with a name */
export async function pruneImages(engine: Engine, filters: Filters, all: boolean): Promise<Pruned> {
  const { ImagesDeleted, SpaceReclaimed } = await engine.imagePrune({
    filters: { ...filters, dangling: [String(!all)] },
  })
  return { text: section('Images', ImagesDeleted.map(deletedImage)), bytes: SpaceReclaimed }
}

export async function pruneBuilds(engine: Engine, options: Parameters<Engine['buildPrune']>[0]): Promise<Pruned> {
  const { CachesDeleted, SpaceReclaimed } = await engine.buildPrune(options)
  return { text: section('build cache objects', CachesDeleted), bytes: SpaceReclaimed }
}

const section = (title: string, names: readonly string[]): string =>
  names.length > 0 ? `Deleted ${title}:\n${names.map(name => `${name}\n`).join('')}\n` : ''

const deletedImage = (item: ImageDeleteItem): string =>
  'Untagged' in item ? `untagged: ${item.Untagged}` : `deleted: ${item.Deleted}`
