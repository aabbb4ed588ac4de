import type { Digest } from './image.ts'
import type { StoreState } from './state.ts'

/** The ids of the images that a name's target stands for: an image itself, or those of an index that are here. */
export function imagesOf({ images, indexes }: StoreState, target: Digest | undefined): readonly Digest[] {
  if (target === undefined) return []
  const index = indexes[target]
  if (index) return [...new Set(Object.values(index))]
  return target in images ? [target] : []
}

/** The indexes that have an image. */
export const indexesWith = ({ indexes }: StoreState, id: Digest): readonly Digest[] =>
  (Object.keys(indexes) as Digest[]).filter(index => Object.values(indexes[index] ?? {}).includes(id))

/**
 * What is in the store, as a list shows it: indexes, and images that are in none or have a name of their own.
 */
export function targetsOf(state: StoreState): readonly Digest[] {
  const covered = new Set(Object.values(state.indexes).flatMap(index => Object.values(index)))
  const named = new Set(Object.values(state.names))
  const alone = (Object.keys(state.images) as Digest[]).filter(id => named.has(id) || !covered.has(id))
  return [...(Object.keys(state.indexes) as Digest[]), ...alone]
}

/** An index, with the images that are here. It counts only with two at least; see {@link settled}. */
export const withIndex = (state: StoreState, index: Digest, images: Readonly<Record<Digest, Digest>>): StoreState => ({
  ...state,
  indexes: { ...state.indexes, [index]: { ...state.indexes[index], ...images } },
})

/** Puts an index in the place of another: it has the same images, stored otherwise. */
export function withIndexReplaced(
  state: StoreState,
  from: Digest,
  to: Digest,
  images: Readonly<Record<Digest, Digest>>,
): StoreState {
  const { [from]: _, ...others } = state.indexes
  const names = Object.entries(state.names).map(([name, target]) => [name, target === from ? to : target] as const)
  return { ...state, indexes: { ...others, [to]: images }, names: Object.fromEntries(names) }
}

/** Takes an index or an image away; of an index the images, too, as far as nothing else stands for them. */
export function withoutTarget(state: StoreState, target: Digest): StoreState {
  const going = imagesOf(state, target)
  const { [target]: _, ...indexes } = state.indexes
  const rest = { ...state, indexes }
  const named = new Set(Object.values(state.names))
  const gone = new Set(going.filter(id => !named.has(id) && indexesWith(rest, id).length === 0))
  return { ...rest, images: without(state.images, gone), tagged: without(state.tagged, gone) }
}

/** Takes one image out of indexes, and away unless something else stands for it. */
export function withoutVariant(state: StoreState, id: Digest, of: readonly Digest[]): StoreState {
  const without = (children: Readonly<Record<Digest, Digest>>) =>
    Object.fromEntries(Object.entries(children).filter(([, child]) => child !== id)) as Record<Digest, Digest>
  const indexes = Object.entries(state.indexes).map(
    ([index, children]) => [index, of.includes(index as Digest) ? without(children) : children] as const,
  )
  const rest: StoreState = { ...state, indexes: Object.fromEntries(indexes) }
  return withoutTarget(rest, id)
}

const without = <T>(map: Readonly<Record<Digest, T>>, gone: ReadonlySet<Digest>): Record<Digest, T> =>
  Object.fromEntries(Object.entries(map).filter(([id]) => !gone.has(id as Digest))) as Record<Digest, T>

/**
 * Brings indexes in line with the images that are here. One with a single image gives its names to it. One that has lost
 * its names to another, which has an image of it, too, is not kept: that image would be shown twice.
 */
export function settled(state: StoreState): StoreState {
  const names = { ...state.names }
  const indexes: Record<Digest, Readonly<Record<Digest, Digest>>> = {}
  const rename = (from: Digest, to: Digest | undefined) => {
    for (const [name, target] of Object.entries(names)) {
      if (target !== from) continue
      if (to) names[name] = to
      else delete names[name]
    }
  }
  for (const [index, children] of Object.entries(state.indexes) as [Digest, Record<Digest, Digest>][]) {
    const here = Object.entries(children).filter(([, id]) => id in state.images)
    if (new Set(here.map(([, id]) => id)).size > 1) indexes[index] = Object.fromEntries(here)
    else rename(index, here[0]?.[1])
  }
  const targets = new Set(Object.values(names))
  for (const [index, children] of Object.entries(indexes) as [Digest, Record<Digest, Digest>][]) {
    if (targets.has(index)) continue
    const others = Object.entries(indexes).flatMap(([other, one]) => (other === index ? [] : Object.values(one)))
    const elsewhere = new Set([...others, ...targets])
    if (Object.values(children).some(id => elsewhere.has(id))) delete indexes[index]
  }
  return { ...state, names, indexes }
}
