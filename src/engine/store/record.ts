import { removeFile, writeJson } from './json-file.ts'

/**
 * A file that follows a value in memory. Writes of one file never overlap, and those that were overtaken before they
 * began are left out, so a value that changes often costs one write at a time.
 */
export class RecordFile<T> {
  readonly file: string
  #value: T | undefined
  #writing: Promise<void> | undefined
  #next: Promise<void> | undefined
  #removed = false

  constructor(file: string) {
    this.file = file
  }

  /** Resolves when `value`, or a later one, is in the file. */
  write(value: T): Promise<void> {
    if (this.#removed) return Promise.resolve()
    this.#value = value
    if (this.#next) return this.#next
    if (!this.#writing) return this.#begin()
    this.#next = this.#writing.catch(() => undefined).then(() => this.#begin())
    return this.#next
  }

  #begin(): Promise<void> {
    this.#next = undefined
    if (this.#removed) return Promise.resolve()
    const writing = writeJson(this.file, this.#value).finally(() => {
      if (this.#writing === writing) this.#writing = undefined
    })
    this.#writing = writing
    return writing
  }

  /** Settles when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#next || this.#writing) await (this.#next ?? this.#writing)?.catch(() => undefined)
  }

  /** Takes the file away, for good. */
  async remove(): Promise<void> {
    this.#removed = true
    await this.settled()
    await removeFile(this.file)
  }
}
