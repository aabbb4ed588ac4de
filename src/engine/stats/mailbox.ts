/** The newest of the values that somebody posts, for one reader: what he was too slow for is not kept. */
export class Mailbox<T> {
  #latest: { readonly value: T } | undefined
  #arrived = Promise.withResolvers<void>()
  #over = false

  post(value: T): void {
    this.#latest = { value }
    this.#arrived.resolve()
  }

  /** What has been posted is still read. */
  close(): void {
    this.#over = true
    this.#arrived.resolve()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      await this.#arrived.promise
      if (!this.#over) this.#arrived = Promise.withResolvers<void>()
      const latest = this.#latest
      this.#latest = undefined
      if (latest) yield latest.value
      if (this.#over && !this.#latest) return
    }
  }
}
