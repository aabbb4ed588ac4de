import type { Digest } from '../../image/image.ts'

/**
 * Images of containers that are being made: until a container is written down, nobody sees that it needs its image.
 */
export class ImageClaims {
  readonly #counts = new Map<Digest, number>()

  claim(id: Digest): Disposable {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#counts.get(id) ?? 1) - 1
        if (left > 0) this.#counts.set(id, left)
        else this.#counts.delete(id)
      },
    }
  }

  has(id: Digest): boolean {
    return this.#counts.has(id)
  }
}
