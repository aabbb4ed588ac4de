import { isRotated, type LogFile, openNewerFiles, tailOf } from './log-files.ts'

/** What is read at once, in bytes; converting it takes about a millisecond. */
const BLOCK = 256 * 1024

export interface CursorOptions {
  /** Begins so many records before the end; undefined: at the beginning. */
  readonly tail: number | undefined
  /** Goes on into what is written, and into files that are begun, after the cursor was opened. */
  readonly endless: boolean
}

/** A place in a log, from which it reads on from file to file. */
export class LogCursor implements AsyncDisposable {
  readonly #stateDir: string
  readonly #endless: boolean
  /** The file that is being read and those after it. */
  readonly #files: LogFile[]
  #position = 0
  readonly #bytes = Buffer.allocUnsafeSlow(BLOCK)
  /** How many of the bytes have been read and not consumed: the beginning of a record. */
  #held = 0

  private constructor(stateDir: string, files: LogFile[], endless: boolean) {
    this.#stateDir = stateDir
    this.#files = files
    this.#endless = endless
  }

  static async open(stateDir: string, { tail, endless }: CursorOptions): Promise<LogCursor> {
    const cursor = new LogCursor(stateDir, await openNewerFiles(stateDir), endless)
    if (tail !== undefined) await cursor.#seekTail(tail)
    return cursor
  }

  /** What is there now, at most a block of it; undefined at the end of what has been written. */
  async read(): Promise<{ readonly bytes: Buffer; readonly end: number } | undefined> {
    while (!(await this.#fill())) {
      const added = this.#endless && this.#files.length < 2 && (await this.#addNewerFiles())
      // Nothing is written to a file once it is rotated, but before that something may have been.
      if (added && (await this.#fill())) break
      if (this.#files.length < 2) return undefined
      await this.#files.shift()?.handle.close()
      this.#position = 0
      this.#held = 0 // a record does not go on in another file
    }
    return { bytes: this.#bytes, end: this.#held }
  }

  /** Says how many bytes of what was read have been used; the others come again with the next. */
  consume(count: number): void {
    this.#bytes.copyWithin(0, count, this.#held)
    this.#held -= count
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#files.map(file => file.handle.close()))
  }

  async #fill(): Promise<boolean> {
    const file = this.#files[0]
    if (!file) return false
    const limit = this.#endless ? Number.POSITIVE_INFINITY : file.size
    const length = Math.min(BLOCK - this.#held, limit - this.#position)
    if (length <= 0) return false
    const { bytesRead } = await file.handle.read(this.#bytes, this.#held, length, this.#position)
    this.#position += bytesRead
    this.#held += bytesRead
    return bytesRead > 0
  }

  async #addNewerFiles(): Promise<boolean> {
    const current = this.#files[0]
    if (current && !(await isRotated(this.#stateDir, current))) return false
    this.#files.push(...(await openNewerFiles(this.#stateDir, current?.inode)))
    return this.#files[0] !== current || this.#files.length > 1
  }

  async #seekTail(count: number): Promise<void> {
    let missing = count
    for (const [index, file] of [...this.#files.entries()].reverse()) {
      const { position, records } = await tailOf(file, missing)
      this.#position = position
      missing -= records
      if (missing > 0) continue
      for (const older of this.#files.splice(0, index)) await older.handle.close()
      return
    }
  }
}
