/**
 * Work that several ask for at the same time is done once. It goes on until it is done, or until nobody wants it any
 * more: each of them may leave by its own signal.
 */
export class SharedWork<Key, Progress, Result> {
  readonly #running = new Map<Key, Running<Progress, Result>>()

  async do(
    key: Key,
    work: (onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Result> {
    signal.throwIfAborted()
    const running = this.#running.get(key) ?? this.#start(key, work)
    const left = Promise.withResolvers<never>()
    const leave = () => left.reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    running.listeners.add(onProgress)
    try {
      return await Promise.race([running.result, left.promise])
    } finally {
      signal.removeEventListener('abort', leave)
      running.listeners.delete(onProgress)
      if (running.listeners.size === 0) {
        running.controller.abort(signal.reason)
        this.#forget(key, running) // whoever comes now starts anew
        await running.result.catch(() => {}) // nothing of it goes on behind the back of the last who leaves
      }
    }
  }

  #start(key: Key, work: (onProgress: (progress: Progress) => void, signal: AbortSignal) => Promise<Result>) {
    const controller = new AbortController()
    const listeners = new Set<(progress: Progress) => void>()
    const tell = (progress: Progress) => {
      for (const listener of listeners) listener(progress)
    }
    const result = work(tell, controller.signal)
    const running = { controller, listeners, result }
    result.catch(() => {}).finally(() => this.#forget(key, running))
    this.#running.set(key, running)
    return running
  }

  #forget(key: Key, running: Running<Progress, Result>): void {
    if (this.#running.get(key) === running) this.#running.delete(key)
  }
}

interface Running<Progress, Result> {
  readonly controller: AbortController
  readonly listeners: Set<(progress: Progress) => void>
  readonly result: Promise<Result>
}
