import { digestOf } from './digest.ts'
import type { Digest } from './image.ts'

/** The ids of a stack of layers and of each part of it from the bottom up (image-spec config.md, "Layer ChainID"). */
export function chainIds(diffIds: readonly Digest[]): readonly Digest[] {
  const ids: Digest[] = []
  for (const diffId of diffIds) {
    const below = ids.at(-1)
    ids.push(below ? digestOf(`${below} ${diffId}`) : diffId)
  }
  return ids
}
