import type { Digest } from './image.ts'
import type { StoreState } from './state.ts'

/** Images that are not written down, by how many use them. */
export class PassingImages {
  readonly #uses = new Map<Digest, number>()

  has(id: Digest): boolean {
    return this.#uses.has(id)
  }

  add(id: Digest): void {
    this.#uses.set(id, (this.#uses.get(id) ?? 0) + 1)
  }

  /** @returns whether that was the last use; false also for one that has become a lasting image */
  drop(id: Digest): boolean {
    const left = (this.#uses.get(id) ?? 0) - 1
    if (left > 0) this.#uses.set(id, left)
    return left === 0 && this.#uses.delete(id)
  }

  /** It is an image like others from now on. */
  keep(id: Digest): void {
    this.#uses.delete(id)
  }

  /** What the next engine is to find of a state: images with a name are those, too. */
  lasting(state: StoreState, diffIdsOf: (id: Digest) => readonly Digest[]): StoreState {
    if (this.#uses.size === 0) return state
    const named = new Set(Object.values(state.names))
    const ids = (Object.keys(state.images) as Digest[]).filter(id => !this.has(id) || named.has(id))
    const pick = <T>(map: Readonly<Record<Digest, T>>, keys: readonly Digest[]) =>
      Object.fromEntries(keys.flatMap(key => (key in map ? [[key, map[key]]] : []))) as Record<Digest, T>
    return { ...state, images: pick(state.images, ids), layers: pick(state.layers, ids.flatMap(diffIdsOf)) }
  }
}
