import { posix } from 'node:path'
import type { FoundEntry, OpenDirectory } from './directory.ts'
import { isMissing } from './directory.ts'

/** As in path_resolution(7). */
const MOST_LINKS = 40

export interface Resolved {
  /** Without links, relative to the root; `.` for the root itself. */
  readonly path: string
  /** undefined for the root */
  readonly entry: FoundEntry | undefined
}

/**
 * Follows a path within a tree, links and all, with the tree's root as `/`.
 * @param visible whether a path exists, as far as the tree is concerned
 * @returns undefined if it leads to nothing
 */
export async function resolveIn(
  root: OpenDirectory,
  path: string,
  visible: (path: string) => boolean,
): Promise<Resolved | undefined> {
  let todo = path.split('/')
  let at: string[] = []
  let entry: FoundEntry | undefined
  let links = 0
  while (todo.length > 0) {
    const name = todo.shift() ?? ''
    if (name === '' || name === '.') continue
    if (name === '..') {
      at = at.slice(0, -1)
      entry = undefined
      continue
    }
    if (entry && entry.type !== 'directory') return undefined
    const next = [...at, name].join('/')
    entry = visible(next) ? await entryAt(root, at.join('/') || '.', name) : undefined
    if (!entry) return undefined
    if (entry.type !== 'symlink') {
      at.push(name)
      continue
    }
    if (++links > MOST_LINKS) return undefined
    const target = entry.target ?? ''
    if (target.startsWith('/')) at = []
    todo = [...target.split('/'), ...todo]
    entry = undefined
  }
  if (at.length > 0) entry ??= await entryAt(root, posix.dirname(at.join('/')), at.at(-1) ?? '')
  return { path: at.join('/') || '.', entry }
}

export async function entryAt(root: OpenDirectory, directory: string, name: string): Promise<FoundEntry | undefined> {
  try {
    using parent = root.below(directory)
    return await parent.entry(name, false)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
