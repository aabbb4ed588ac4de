import { removeFile, writeJson } from './json-file.ts'

/** How long {@link RecordFile.writeSoon} waits for more, in milliseconds. */
const SOON_MS = 50

/**
 * A file that follows a value in memory. Writes of one file never overlap, and those that were overtaken before they
 * began are left out, so a value that changes often costs one write at a time.
 */
export class RecordFile<T> {
  readonly file: string
  #value: T | undefined
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined
  #soon: NodeJS.Timeout | undefined
  readonly #removed = new AbortController()

  constructor(file: string) {
    this.file = file
  }

  /** Resolves when `value`, or a later one, is in the file. */
  write(value: T): Promise<void> {
    if (this.#removed.signal.aborted) return Promise.resolve()
    this.#value = value
    this.#cancelSoon()
    if (this.#next) return this.#next
    if (!this.#writing) return this.#begin()
    this.#next = this.#writing.catch(() => undefined).then(() => this.#begin())
    return this.#next
  }

  /**
   * Writes `value` a moment later, or what has overtaken it by then: for what a next engine would find out anyway, so
   * that a program that ends at once costs one write.
   */
  writeSoon(value: T, failed: (error: unknown) => void): void {
    if (this.#removed.signal.aborted) return
    this.#cancelSoon()
    this.#value = value
    this.#soon = setTimeout(() => void this.write(value).catch(failed), SOON_MS)
  }

  #cancelSoon(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
  }

  #begin(): Promise<void> {
    this.#next = undefined
    const { signal } = this.#removed
    if (signal.aborted) return Promise.resolve()
    const writing = writeJson(this.file, this.#value, signal).finally(() => {
      if (this.#writing === writing) this.#writing = undefined
    })
    this.#writing = writing
    return writing
  }

  /** Settles when nothing is left to be written. */
  async settled(): Promise<void> {
    if (this.#soon && this.#value !== undefined) await this.write(this.#value).catch(() => undefined)
    while (this.#next || this.#writing) await (this.#next ?? this.#writing)?.catch(() => undefined)
  }

  /** Takes the file away, for good: what is being written never gets its name. */
  remove(): void {
    this.#removed.abort()
    this.#cancelSoon()
    removeFile(this.file)
  }
}
