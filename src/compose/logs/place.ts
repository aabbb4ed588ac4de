/**
 * How far the log of a container has been shown, to go on from there with its next run or with the next engine. Lines
 * that were written at once have the same time, so those are counted.
 */
export class LogPlace {
  #time: string | undefined
  #count = 0

  /** The time of the last line, RFC 3339 with nanoseconds; undefined before the first. */
  get time(): string | undefined {
    return this.#time
  }

  /** A line of this time is shown. */
  pass(time: string): void {
    this.#count = time === this.#time ? this.#count + 1 : 1
    this.#time = time
  }

  /** For lines that come from {@link time} on, once more: says of each in its turn whether it has not been shown. */
  resume(): (time: string) => boolean {
    const last = this.#time
    let known = this.#count
    return time => time !== last || known-- <= 0
  }
}
