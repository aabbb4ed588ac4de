/** Tells when nothing has been asked for a while and nothing runs. */
export class IdleWatch {
  readonly #timeout: number
  readonly #works: () => Promise<boolean>
  readonly #onIdle: () => void
  #underWay = 0
  #timer: NodeJS.Timeout | undefined

  /**
   * @param timeout milliseconds without a request; 0: forever
   * @param works whether something runs that must go on; asked only when the time has passed
   */
  constructor(timeout: number, works: () => Promise<boolean>, onIdle: () => void) {
    this.#timeout = timeout
    this.#works = works
    this.#onIdle = onIdle
  }

  /** A request begins. @returns what to call when it is over */
  begin(): () => void {
    this.#underWay++
    clearTimeout(this.#timer)
    return () => {
      this.#underWay--
      this.rest()
    }
  }

  /** Something has ended: from now on, it may be quiet. */
  rest(): void {
    clearTimeout(this.#timer)
    if (this.#underWay === 0 && this.#timeout > 0) this.#timer = setTimeout(() => this.#look(), this.#timeout)
  }

  async #look(): Promise<void> {
    const timer = this.#timer
    // Where something works, its end calls rest() again: there is nothing to look for until then.
    if ((await this.#works()) || timer !== this.#timer || this.#underWay > 0) return
    this.#onIdle()
  }
}
