import { open } from 'node:fs/promises'

const CHUNK = 256 * 1024

/** A file that somebody else is still writing, read as far as it has come, and so on until it is complete. */
export class GrowingFile {
  readonly #path: string
  #size = 0
  #complete = false
  #failure: Error | undefined
  #more = Promise.withResolvers<void>()
  #position = 0

  constructor(path: string) {
    this.#path = path
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#position
  }

  available(size: number, complete: boolean): void {
    this.#size = size
    this.#complete = complete
    this.#wake()
  }

  /** Whoever reads gets `failure`. */
  fail(failure: Error): void {
    this.#failure = failure
    this.#wake()
  }

  async *chunks(): AsyncGenerator<Buffer, void> {
    // Opened at once, and from then on the path does not matter: the thread's root may be another by then.
    await using file = await open(this.#path)
    while (true) {
      if (this.#failure) throw this.#failure
      if (this.#position < this.#size) {
        const length = Math.min(CHUNK, this.#size - this.#position)
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, this.#position)
        if (bytesRead === 0) throw new Error(`${this.#path} is shorter than it was`)
        this.#position += bytesRead
        yield buffer.subarray(0, bytesRead)
      } else if (this.#complete) return
      else await this.#more.promise
    }
  }

  #wake(): void {
    this.#more.resolve()
    this.#more = Promise.withResolvers()
  }
}
