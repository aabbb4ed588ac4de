import { Semaphore } from '../mutex.ts'

/** As Docker's `max-concurrent-uploads`. */
const UPLOADS = 5

/** So many at a time; the first that fails stops the others. */
export class Uploads implements Disposable {
  readonly signal: AbortSignal
  readonly #failed = new AbortController()
  readonly #turns = new Semaphore(UPLOADS)

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#failed.signal])
  }

  acquire(): Promise<Disposable> {
    return this.#turns.acquire(this.signal)
  }

  async all(works: readonly (() => Promise<void>)[]): Promise<void> {
    const running = works.map(async work => {
      try {
        await work()
      } catch (error) {
        this.#failed.abort(error)
      }
    })
    await Promise.all(running)
    this.signal.throwIfAborted()
  }

  [Symbol.dispose](): void {
    this.#failed.abort()
  }
}
