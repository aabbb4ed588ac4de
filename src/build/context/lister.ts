import { Semaphore } from '../../image/mutex.ts'
import type { FoundEntry } from './directory.ts'

/** Directories that are read at the same time: the machine has other things to do between two answers of the kernel. */
const AT_ONCE = 16

export type Listing = Promise<readonly FoundEntry[]>

/** Reads directories ahead of whoever walks through them in order. Disposed of, it begins no more. */
export class Lister implements Disposable {
  readonly #read: (path: string) => Listing
  readonly #turns = new Semaphore(AT_ONCE)
  readonly #signal: AbortSignal
  readonly #over = new AbortController()

  constructor(read: (path: string) => Listing, signal: AbortSignal) {
    this.#read = read
    this.#signal = AbortSignal.any([signal, this.#over.signal])
  }

  list(path: string): Listing {
    const listing = this.#inTurn(path)
    listing.catch(() => {}) // whoever comes to it hears of it; nobody may
    return listing
  }

  async #inTurn(path: string): Listing {
    using _ = await this.#turns.acquire(this.#signal)
    this.#signal.throwIfAborted()
    return await this.#read(path)
  }

  [Symbol.dispose](): void {
    this.#over.abort()
  }
}
