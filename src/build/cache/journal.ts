import { closeSync, existsSync, fdatasync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type CacheRecord, isJournalLine, type JournalLine, type ProjectUse, replay, replayProjects } from './record.ts'

/** What a journal comes to. */
export interface Memory {
  readonly records: Map<string, CacheRecord>
  readonly projects: Map<string, ProjectUse>
}

const datasync = promisify(fdatasync)

/**
 * The file that remembers the build cache: a line for each change, appended. Whatever moment the engine is killed at, it
 * holds all lines that were written but perhaps the end of the last, which is cut off. It is written anew, short, when
 * it is opened and most of it is history.
 */
export class Journal implements Disposable {
  readonly #fd: number
  #syncing: Promise<void> | undefined

  private constructor(fd: number) {
    this.#fd = fd
  }

  /** `damaged` lines are left out: what they told of is carried out again. */
  static async open(directory: string): Promise<Memory & { readonly journal: Journal; readonly damaged: number }> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const file = join(directory, 'journal')
    const text = existsSync(file) ? await readFile(file, 'utf8') : ''
    const { lines, whole, damaged } = parse(text)
    const memory = { records: replay(lines), projects: replayProjects(lines) }
    const isHistory = lines.length > 2 * (memory.records.size + memory.projects.size) + 64
    if (isHistory) await rewrite(file, memory)
    const fd = openSync(file, 'a', 0o600)
    if (whole < Buffer.byteLength(text) && !isHistory) ftruncateSync(fd, whole)
    return { journal: new Journal(fd), ...memory, damaged }
  }

  /** Appends a line. It is in the file when this returns, and on the disk soon after. */
  append(line: JournalLine): void {
    writeSync(this.#fd, `${JSON.stringify(line)}\n`)
    this.#syncing ??= datasync(this.#fd)
      .catch(() => {}) // the next line tries again; a cache may forget
      .finally(() => {
        this.#syncing = undefined
      })
  }

  /** Waits until what was appended is on the disk. */
  async synced(): Promise<void> {
    await this.#syncing
  }

  [Symbol.dispose](): void {
    const close = () => closeSync(this.#fd)
    if (this.#syncing) void this.#syncing.then(close)
    else close()
  }
}

/** @returns the lines that are whole, how many bytes they have, and how many there are of those that the disk lost */
function parse(text: string): { lines: JournalLine[]; whole: number; damaged: number } {
  const end = text.lastIndexOf('\n') + 1
  const all = text.slice(0, end).split('\n').slice(0, -1)
  const lines = all.flatMap(line => {
    try {
      const value: unknown = JSON.parse(line)
      return isJournalLine(value) ? [value] : []
    } catch {
      return []
    }
  })
  return { lines, whole: Buffer.byteLength(text.slice(0, end)), damaged: all.length - lines.length }
}

async function rewrite(file: string, { records, projects }: Memory): Promise<void> {
  const temporary = `${file}.new`
  {
    await using handle = await open(temporary, 'w', 0o600)
    const lines: JournalLine[] = [
      ...[...records.values()].map(add => ({ add })),
      ...[...projects].map(([project, last]) => ({ project, last })),
    ]
    for (const line of lines) await handle.write(`${JSON.stringify(line)}\n`)
    await handle.sync()
  }
  renameSync(temporary, file)
  await using directory = await open(dirname(file))
  await directory.sync()
}
