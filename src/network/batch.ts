/**
 * Does work in batches: what is asked for while a batch is under way is done together in the next one. For things that
 * cost hardly more for many than for one.
 */
export class Batch<Item> {
  readonly #perform: (items: readonly Item[]) => Promise<void>
  #waiting: { readonly item: Item; readonly done: PromiseWithResolvers<void> }[] = []
  #running = false

  get isRunning(): boolean {
    return this.#running
  }

  constructor(perform: (items: readonly Item[]) => Promise<void>) {
    this.#perform = perform
  }

  /** Settles as the batch does that `item` is in. */
  add(item: Item): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ item, done })
    if (!this.#running) void this.#run()
    return done.promise
  }

  async #run(): Promise<void> {
    this.#running = true
    await undefined // whoever asks within this turn comes along
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#perform(batch.map(({ item }) => item))
        for (const { done } of batch) done.resolve()
      } catch (error) {
        for (const { done } of batch) done.reject(error)
      }
    }
    this.#running = false
  }
}
