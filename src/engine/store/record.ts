import { removeJson, writeJson } from './json-file.ts'

/** How long {@link RecordFile.writeSoon} waits, in milliseconds. */
const SOON_MS = 50

/** After a write that failed: disks that are full or cannot be written to do not stay so. */
const TRY_AGAIN_MS = 1000

interface Soon extends PromiseWithResolvers<void> {
  readonly timer: NodeJS.Timeout
}

/**
 * A file that follows a value in memory. Writes of one file never overlap, and those that were overtaken before they
 * began are left out, so a value that changes often costs one write at a time.
 */
export class RecordFile<T> {
  readonly file: string
  #value: T | undefined
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined
  #soon: Soon | undefined
  #again: NodeJS.Timeout | undefined
  readonly #removed = new AbortController()

  constructor(file: string) {
    this.file = file
  }

  /** Resolves when `value`, or a later one, is in the file. */
  write(value: T): Promise<void> {
    if (this.#removed.signal.aborted) return Promise.resolve()
    this.#value = value
    const soon = this.#takeSoon()
    const written = this.#next ?? (this.#writing ? this.#queue(this.#writing) : this.#begin())
    soon?.resolve(written)
    return written
  }

  /**
   * As write(), a moment later: for what a next engine would find out anyway, so that a program that ends at once costs
   * one write.
   */
  writeSoon(value: T): Promise<void> {
    if (this.#removed.signal.aborted) return Promise.resolve()
    this.#value = value
    if (this.#next) return this.#next
    this.#soon ??= {
      ...Promise.withResolvers<void>(),
      timer: setTimeout(() => void this.write(this.#value as T).catch(() => undefined), SOON_MS),
    }
    return this.#soon.promise
  }

  #takeSoon(): Soon | undefined {
    const soon = this.#soon
    clearTimeout(soon?.timer)
    this.#soon = undefined
    return soon
  }

  #queue(writing: Promise<void>): Promise<void> {
    this.#next = writing.catch(() => undefined).then(() => this.#begin())
    return this.#next
  }

  #begin(): Promise<void> {
    this.#next = undefined
    const { signal } = this.#removed
    if (signal.aborted) return Promise.resolve()
    const writing = writeJson(this.file, this.#value, signal).finally(() => {
      if (this.#writing === writing) this.#writing = undefined
    })
    writing.catch(() => this.#tryAgain())
    this.#writing = writing
    return writing
  }

  #tryAgain(): void {
    this.#again ??= setTimeout(() => {
      this.#again = undefined
      this.write(this.#value as T).catch(() => undefined)
    }, TRY_AGAIN_MS).unref()
  }

  /** Settles when the file has what was given last, without any hurry. */
  async written(): Promise<void> {
    await (this.#soon?.promise ?? this.#next ?? this.#writing)?.catch(() => undefined)
  }

  /** Writes at once what is to be written, and settles when nothing is left. */
  async settled(): Promise<void> {
    if (this.#soon) await this.write(this.#value as T).catch(() => undefined)
    while (this.#next || this.#writing) await (this.#next ?? this.#writing)?.catch(() => undefined)
  }

  /** Takes the file away, for good. */
  remove(): void {
    this.abandon()
    removeJson(this.file)
  }

  /** Leaves the file as it is, for good: what is being written never gets its name. */
  abandon(): void {
    this.#removed.abort('removed')
    clearTimeout(this.#again)
    this.#takeSoon()?.resolve()
  }
}
