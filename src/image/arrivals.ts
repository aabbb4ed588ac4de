import type { Digest } from './image.ts'
import { fetched, named, withImage } from './names.ts'
import { canonicalName, type Reference } from './reference.ts'
import type { StoreState } from './state.ts'
import { withIndex } from './targets.ts'

/** Images that have come out of a registry or an archive: one, or several of an index. */
export interface Arrival {
  readonly images: readonly { readonly id: Digest; readonly manifest: Digest }[]
  readonly names: readonly Reference[]
  /** The index they were chosen from, and all manifests that this names. */
  readonly index?: ArrivedIndex
}

export interface ArrivedIndex {
  readonly digest: Digest
  readonly manifests: readonly Digest[]
}

/** The images alone: neither a name nor an index is to keep them. */
export const nameless = ({ images }: Arrival): Arrival => ({ images, names: [] })

/**
 * Gives images that have arrived their names. Where another platform's image of the same index is here already, it stays
 * beside: the names are the index's then.
 */
export function withArrival(before: StoreState, { images, names, index }: Arrival): StoreState {
  const ids = images.map(({ id }) => id)
  const [first] = ids
  if (first === undefined) return before
  const state = fetched(
    images.reduce((state, { id, manifest }) => withImage(state, id, manifest), before),
    ...ids,
  )
  if (!index) return named(state, first, ...names)
  const own = Object.fromEntries(images.map(({ id, manifest }) => [manifest, id] as const))
  const children = { ...siblings(before, names, index), ...own }
  if (new Set(Object.values(children)).size < 2) return named(state, first, ...names)
  return named(withIndex(state, index.digest, children), index.digest, ...names)
}

/** Images of the index that have one of the names by now, by their manifests. */
function siblings(
  { images, indexes, names: known }: StoreState,
  names: readonly Reference[],
  { digest, manifests }: ArrivedIndex,
): Readonly<Record<Digest, Digest>> {
  if (indexes[digest]) return indexes[digest]
  const held = names.flatMap(name => known[canonicalName(name)] ?? [])
  const pairs = held.flatMap((id): [Digest, Digest][] => {
    const manifest = images[id]
    return manifest && manifests.includes(manifest) ? [[manifest, id]] : []
  })
  return Object.fromEntries(pairs)
}
