/** A sandbox whose devices are on their way out of the kernel. */
interface Departure {
  readonly containerId: string
  readonly networkIds: readonly string[]
  readonly gone: Promise<void>
}

/** Sandboxes that were removed, as long as something of them is left in the kernel. */
export class Departures {
  readonly #all = new Set<Departure>()

  add(departure: Departure): void {
    this.#all.add(departure)
    const forget = () => this.#all.delete(departure)
    departure.gone.then(forget, forget) // a failure is told to those who wait
  }

  /** Resolves when those that are on their way now, and that somebody is concerned with, have gone. */
  async settled(concerns: (departure: Departure) => boolean = () => true): Promise<void> {
    await Promise.all([...this.#all].filter(concerns).map(({ gone }) => gone))
  }
}
