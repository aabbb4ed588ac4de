import type { Digest } from './image.ts'
import { fetched, named, withImage } from './names.ts'
import { canonicalName, type Reference } from './reference.ts'
import type { StoreState } from './state.ts'
import { withIndex } from './targets.ts'

/** An image as it came out of a registry. */
export interface PulledImage {
  readonly id: Digest
  readonly manifest: Digest
  /** What it was asked for by; where that is a tag, its name by digest, too. */
  readonly names: readonly Reference[]
  /** The index it was chosen from, and the manifests that this names. */
  readonly index?: { readonly digest: Digest; readonly manifests: readonly Digest[] }
}

/**
 * Gives an image that was pulled its names. Where another platform's image of the same index is here already, it stays
 * beside: the names are the index's then.
 */
export function withPulled(state: StoreState, { id, manifest, names, index }: PulledImage): StoreState {
  const next = fetched(withImage(state, id, manifest), id)
  const others = index ? siblings(state, names, index) : {}
  if (!index || Object.values(others).every(other => other === id)) return named(next, id, ...names)
  return named(withIndex(next, index.digest, { ...others, [manifest]: id }), index.digest, ...names)
}

/** Images of the index that have one of the names by now, by their manifests. */
function siblings(
  { images, indexes, names: known }: StoreState,
  names: readonly Reference[],
  { digest, manifests }: NonNullable<PulledImage['index']>,
): Readonly<Record<Digest, Digest>> {
  if (indexes[digest]) return indexes[digest]
  const held = names.flatMap(name => known[canonicalName(name)] ?? [])
  const pairs = held.flatMap((id): [Digest, Digest][] => {
    const manifest = images[id]
    return manifest && manifests.includes(manifest) ? [[manifest, id]] : []
  })
  return Object.fromEntries(pairs)
}
