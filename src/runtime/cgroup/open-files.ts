import { closeSync, openSync, readSync } from 'node:fs'
import type { ContainerStats, StatsReader } from '../runtime.ts'
import type { ReadableFiles } from './setting.ts'

type PathOf = (controller: string, file: string) => string

/** memory.stat of cgroup v2, the longest of these files, has 2 KiB; devices and processors add lines to others. */
const buffer = Buffer.allocUnsafe(64 * 1024)

/**
 * Files of a cgroup that stay open from one reading to the next: to open and close one costs three times as much as to
 * read it. The cgroup can be removed all the same; to read of it then is an error.
 */
class OpenFiles implements ReadableFiles, Disposable {
  readonly #path: PathOf
  /** Undefined: the kernel does not have the file. */
  readonly #descriptors = new Map<string, number | undefined>()

  constructor(path: PathOf) {
    this.#path = path
  }

  read(controller: string, file: string): string {
    if (!this.#descriptors.has(file)) this.#descriptors.set(file, tryOpen(this.#path(controller, file)))
    const fd = this.#descriptors.get(file)
    return fd === undefined ? '' : buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0))
  }

  [Symbol.dispose](): void {
    for (const fd of this.#descriptors.values()) if (fd !== undefined) closeSync(fd)
    this.#descriptors.clear()
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Reads the counters of one cgroup, whose files are opened with the first reading. */
export function statsReader(path: PathOf, take: (files: ReadableFiles) => ContainerStats): StatsReader {
  const files = new OpenFiles(path)
  return { read: () => take(files), [Symbol.dispose]: () => files[Symbol.dispose]() }
}
