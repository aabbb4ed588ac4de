import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { Semaphore } from '../../image/mutex.ts'
import { removeTree } from '../../remove-tree.ts'
import type { CacheMount } from '../dockerfile/step.ts'
import { keyOf } from '../key.ts'

/** A directory that outlives the builds which mount it. */
export interface CacheDirectory {
  readonly name: string
  readonly id: string
  readonly created: string
  /** Milliseconds since 1970. */
  readonly used: number
  readonly uses: number
  /** Bytes when it was last measured. */
  readonly size: number
  readonly inUse: boolean
}

interface Remembered {
  readonly id: string
  readonly created: string
  used: number
  uses: number
  size?: number
}

interface Directory {
  readonly name: string
  readonly remembered: Remembered
  readonly lock: Semaphore
  users: number
}

/** A cache directory in use by a step. */
export interface MountedCache extends Disposable {
  readonly path: string
}

/** The directories of `RUN --mount=type=cache`, by their id. */
export class CacheMounts {
  readonly #directory: string
  readonly #directories = new Map<string, Directory>()

  /** What is not whole, for lack of its description, is left to {@link prune}. */
  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(directory)) {
      try {
        const remembered = JSON.parse(readFileSync(join(directory, name, 'mount.json'), 'utf8')) as Remembered
        this.#directories.set(name, { name, remembered, lock: new Semaphore(1), users: 0 })
      } catch {
        // an engine was killed while it made or removed it
        void removeTree(join(directory, name), { force: true }).catch(() => {})
      }
    }
  }

  /**
   * Opens the directory of a mount: `shared` at once, `locked` when nobody else has it, `private` one that nobody has.
   * @param seed fills a new directory
   */
  async open(
    { id, sharing, mode, uid, gid }: CacheMount,
    seed: (path: string) => Promise<void>,
    signal: AbortSignal,
  ): Promise<MountedCache> {
    const directory = sharing === 'private' ? this.#free(id) : this.#named(id, 0)
    directory.users++
    const path = join(this.#directory, directory.name, 'data')
    using undo = new DisposableStack()
    undo.defer(() => void directory.users--)
    // Made by one at a time, whoever shares it then.
    const turn = undo.use(await directory.lock.acquire(signal))
    if (directory.remembered.uses === 0) await this.#make(directory.name, seed, { mode, uid, gid })
    directory.remembered.used = Date.now()
    directory.remembered.uses++
    this.#remember(directory)
    const held = undo.move()
    if (sharing === 'locked') return { path, [Symbol.dispose]: () => held.dispose() }
    turn[Symbol.dispose]()
    return { path, [Symbol.dispose]: () => void directory.users-- }
  }

  async #make(
    name: string,
    seed: (path: string) => Promise<void>,
    { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
  ): Promise<void> {
    const directory = join(this.#directory, name)
    await removeTree(directory, { force: true })
    const data = join(directory, 'data')
    await mkdir(data, { recursive: true })
    await seed(data)
    chownSync(data, uid, gid)
    chmodSync(data, mode)
  }

  #remember({ name, remembered }: Directory): void {
    writeFileSync(join(this.#directory, name, 'mount.json'), JSON.stringify(remembered))
  }

  #free(id: string): Directory {
    for (let index = 0; ; index++) {
      const directory = this.#named(id, index)
      if (directory.users === 0) return directory
    }
  }

  #named(id: string, index: number): Directory {
    const name = cacheDirectoryName(id, index)
    const known = this.#directories.get(name)
    if (known) return known
    const remembered = { id, created: new Date().toISOString(), used: Date.now(), uses: 0 }
    const directory = { name, remembered, lock: new Semaphore(1), users: 0 }
    this.#directories.set(name, directory)
    return directory
  }

  list(): readonly CacheDirectory[] {
    return [...this.#directories.values()].map(({ name, remembered, users }) => ({
      name,
      ...remembered,
      size: remembered.size ?? 0,
      inUse: users > 0,
    }))
  }

  /** Remembers what a directory takes on the disk. */
  measured(name: string, size: number): void {
    const directory = this.#directories.get(name)
    if (!directory || directory.remembered.uses === 0) return
    directory.remembered.size = size
    this.#remember(directory)
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  /** Removes a directory that nobody uses. */
  async remove(name: string): Promise<void> {
    const directory = this.#directories.get(name)
    if (!directory || directory.users > 0) return
    this.#directories.delete(name)
    const gone = join(this.#directory, `.${name}-${Date.now()}`)
    await rename(this.path(name), gone).catch(() => {}) // one that was asked for, and never made
    await removeTree(gone, { force: true })
  }
}

/** @param index of a private mount that others are using, too */
export const cacheDirectoryName = (id: string, index: number): string => keyOf('cache mount', [id, index]).slice(0, 32)
