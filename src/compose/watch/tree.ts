import { type FSWatcher, type Stats, watch } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { TscomposeError } from '../../errors.ts'
import type { Filter } from './filter.ts'

/** Paths are relative to the watched one, which is `` itself. */
export interface TreeChanges {
  /** Files (and links) that were made or written. */
  readonly changed: readonly string[]
  /** What is not there any more: files and directories. */
  readonly removed: readonly string[]
}

/** So many changes at once may have been more than the kernel keeps for us (inotify(7), max_queued_events). */
const overflowSize = 4096

/** How much a file system's clock may be behind ours, in milliseconds. */
const clockGapMs = 2000

/**
 * Watches a file, or a directory with all below it, by inotify(7): a watch for each directory that may hold something
 * of interest. Directories that the filter leaves out are never opened. What is to be watched may come and go: its
 * parent directory tells.
 */
export class WatchedTree implements Disposable {
  readonly #root: string
  readonly #filter: Filter
  /** Told with each change that there is something to {@link take}. */
  readonly #notify: () => void
  readonly #directories = new Map<string, { readonly watcher: FSWatcher; readonly ino: number }>()
  readonly #files = new Set<string>()
  #dirty = new Set<string>()
  #takenAt = Date.now()
  readonly #parent: FSWatcher

  /** @throws TscomposeError COMPOSE_WATCH_FAILED */
  static async open(root: string, filter: Filter, notify: () => void): Promise<WatchedTree> {
    const tree = new WatchedTree(root, filter, notify)
    try {
      await tree.#enter('', [])
      return tree
    } catch (error) {
      tree[Symbol.dispose]()
      throw error
    }
  }

  private constructor(root: string, filter: Filter, notify: () => void) {
    this.#root = root
    this.#filter = filter
    this.#notify = notify
    const own = path.basename(root)
    this.#parent = this.#watch(path.dirname(root), name => {
      if (name === null || name === own) this.#mark('')
    })
  }

  /** All files, in no order. */
  get files(): readonly string[] {
    return [...this.#files]
  }

  /** What has changed since the last time. */
  async take(): Promise<TreeChanges> {
    const dirty = this.#dirty
    this.#dirty = new Set()
    const since = this.#takenAt - clockGapMs
    this.#takenAt = Date.now()
    const changed: string[] = []
    const removed: string[] = []
    if (dirty.size >= overflowSize) await this.#lookAtAll(since, changed, removed)
    else for (const relative of dirty) await this.#lookAt(relative, changed, removed)
    return { changed: [...new Set(changed)], removed: [...new Set(removed)] }
  }

  #mark(relative: string): void {
    this.#dirty.add(relative)
    this.#notify()
  }

  async #lookAt(relative: string, changed: string[], removed: string[]): Promise<void> {
    const found = await this.#stat(relative)
    const known = this.#directories.get(relative)
    if (known && known.ino === found?.ino) return
    const before = known ? this.#leave(relative) : []
    if (found?.isDirectory()) {
      if (this.#files.delete(relative)) removed.push(relative)
      await this.#enter(relative, changed)
      // Another directory under the name of the one before.
      removed.push(...before.filter(name => !this.#files.has(name)))
    } else if (found) {
      if (known) removed.push(relative)
      if (this.#filter.ignores(relative)) return
      this.#files.add(relative)
      changed.push(relative)
    } else if (this.#files.delete(relative) || known) removed.push(relative)
  }

  /** Compares everything with what is known. */
  async #lookAtAll(since: number, changed: string[], removed: string[]): Promise<void> {
    const before = new Set(this.#leave(''))
    await this.#enter('', [])
    for (const relative of this.#files) {
      const isNew = !before.delete(relative)
      if (isNew || ((await this.#stat(relative))?.ctimeMs ?? 0) >= since) changed.push(relative)
    }
    removed.push(...before)
  }

  /** Begins to watch a directory; `found` gets all files in it. Of a file there is no more to do than to know it. */
  async #enter(relative: string, found: string[]): Promise<void> {
    const stat = await this.#stat(relative)
    if (!stat?.isDirectory()) {
      if (stat && !this.#filter.ignores(relative)) {
        this.#files.add(relative)
        found.push(relative)
      }
      return
    }
    if (this.#filter.ignoresAllIn(relative) || this.#directories.has(relative)) return
    const directory = path.join(this.#root, relative)
    // First watched, then read: what is made between the two is seen twice rather than not at all.
    const watcher = this.#watchBelow(relative)
    if (!watcher) return
    this.#directories.set(relative, { watcher, ino: stat.ino })
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const child = within(relative, entry.name)
      if (entry.isDirectory()) await this.#enter(child, found)
      else if ((entry.isFile() || entry.isSymbolicLink()) && !this.#filter.ignores(child)) {
        this.#files.add(child)
        found.push(child)
      }
    }
  }

  /** Forgets a directory and all below it. @returns the files in it */
  #leave(relative: string): string[] {
    const below = (name: string) => relative === '' || name === relative || name.startsWith(`${relative}/`)
    for (const [name, { watcher }] of this.#directories)
      if (below(name)) {
        watcher.close()
        this.#directories.delete(name)
      }
    const files = this.files.filter(below)
    for (const name of files) this.#files.delete(name)
    return files
  }

  /** @returns undefined for a directory that has gone meanwhile */
  #watchBelow(relative: string): FSWatcher | undefined {
    try {
      return this.#watch(path.join(this.#root, relative), name =>
        this.#mark(name === null ? relative : within(relative, name)),
      )
    } catch (error) {
      if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined
      throw error
    }
  }

  #watch(directory: string, changed: (name: string | null) => void): FSWatcher {
    try {
      const watcher = watch(directory, (_, name) => changed(name))
      // A directory that goes is told by the one above it.
      return watcher.on('error', () => watcher.close())
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      const fix =
        code === 'ENOSPC'
          ? 'Raise the limit (sysctl fs.inotify.max_user_watches), or ignore more directories.'
          : undefined
      const what = code === 'ENOENT' ? 'it does not exist' : (error as Error).message
      throw new TscomposeError('COMPOSE_WATCH_FAILED', `cannot watch ${directory}: ${what}`, {
        ...(fix !== undefined && { fix }),
        cause: error,
      })
    }
  }

  #stat(relative: string): Promise<Stats | undefined> {
    return lstat(path.join(this.#root, relative)).catch(() => undefined)
  }

  [Symbol.dispose](): void {
    this.#parent.close()
    this.#leave('')
  }
}

const within = (directory: string, name: string): string => (directory === '' ? name : `${directory}/${name}`)
