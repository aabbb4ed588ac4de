import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImageConfiguration } from './config.ts'
import type { Digest } from './image.ts'
import type { StoreState } from './state.ts'
import { imagesOf, settled } from './targets.ts'

/** Puts what the images were made of where no engine looks for it. */
export async function setContentAside(directory: string, report: (message: string) => void): Promise<void> {
  const suffix = `.damaged-${Date.now()}`
  for (const name of ['content', 'layers']) {
    const path = join(directory, name)
    const moved = await rename(path, `${path}${suffix}`).then(
      () => true,
      () => false,
    )
    if (moved) report(`what the images were made of is in ${path}${suffix}`)
  }
}

/** What of a state is still there. An index without its document leaves its names to the first of its images. */
export function restricted(
  state: StoreState,
  images: ReadonlyMap<Digest, ImageConfiguration>,
  indexes: ReadonlySet<Digest>,
): StoreState {
  const diffIds = new Set([...images.values()].flatMap(({ diffIds }) => diffIds))
  const keep = <T>(map: Readonly<Record<string, T>>, which: (key: Digest, value: T) => boolean) =>
    Object.fromEntries(Object.entries(map).filter(([key, value]) => which(key as Digest, value)))
  const standIn = (target: Digest) =>
    indexes.has(target) ? target : (imagesOf(state, target).find(id => images.has(id)) ?? target)
  const names = Object.entries(state.names).map(([name, target]) => [name, standIn(target)] as const)
  return settled({
    images: keep(state.images, id => images.has(id)),
    indexes: keep(state.indexes, index => indexes.has(index)),
    names: keep(Object.fromEntries(names), (_, target) => images.has(target) || indexes.has(target)),
    tagged: keep(state.tagged, id => images.has(id)),
    layers: keep(state.layers, diffId => diffIds.has(diffId)),
  })
}
