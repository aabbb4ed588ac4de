/** A watch that can be switched on and off while a project is up. */
export class WatchToggle {
  /** Called when it was switched on or off, by whomever. */
  changed: () => void = () => {}
  readonly #watch: (signal: AbortSignal) => Promise<void>
  #current: { readonly end: AbortController; readonly over: Promise<void> } | undefined

  /** @param watch watches until the signal aborts; it tells by itself what it fails with */
  constructor(watch: (signal: AbortSignal) => Promise<void>) {
    this.#watch = watch
  }

  get on(): boolean {
    return this.#current !== undefined
  }

  switchOn(): void {
    const end = new AbortController()
    const current = { end, over: this.#watch(end.signal) }
    this.#current = current
    this.changed()
    void current.over.then(() => {
      if (this.#current === current) this.switchOff()
    })
  }

  switchOff(): void {
    this.#current?.end.abort()
    this.#current = undefined
    this.changed()
  }

  /** Goes on until all containers have ended while nothing is watched. @param allEnded asked again when it is off */
  async run(signal: AbortSignal, allEnded: () => Promise<void>): Promise<void> {
    signal.addEventListener('abort', () => this.switchOff(), { once: true })
    for (;;) {
      await allEnded()
      if (!this.#current) return
      await this.#current.over
    }
  }
}
