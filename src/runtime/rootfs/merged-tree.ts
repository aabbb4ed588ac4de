import { lstatSync, readlinkSync } from 'node:fs'
import { linux, SystemError } from '../../sys/kernel.ts'
import type { RootSpec } from '../spec.ts'

/** What a path of an overlay is; a directory is where its contents are, the uppermost layer first. */
export type MergedEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly layers: readonly string[] }
  | { readonly kind: 'other'; readonly path: string; readonly source: string }
  | { readonly kind: 'missing'; readonly path: string }

/** Directories that overlayfs would show as one, the uppermost first. */
export const layersOf = (root: RootSpec): readonly string[] => [`${root.writableLayer}/upper`, ...root.lowerdirs]

// As many as the kernel follows, path_resolution(7).
const MAX_SYMLINKS = 40

/**
 * Follows a path as it would be followed within a root that is mounted from `layers`, without mounting it: whiteouts
 * and opaque directories as in overlayfs, symbolic links never out of the root. `path` of the result has no links any
 * more; below a missing component it is taken as written.
 */
export function resolveMerged(layers: readonly string[], path: string): MergedEntry {
  const todo = path.split('/').reverse()
  const names: string[] = []
  let open: (readonly string[])[] = [layers]
  let links = 0
  let last: MergedEntry = { kind: 'directory', path: '/', layers }

  while (todo.length > 0) {
    const name = todo.pop() ?? ''
    if (name === '' || name === '.') continue
    if (name === '..') {
      names.pop()
      if (open.length > 1) open = open.slice(0, -1)
      last = { kind: 'directory', path: `/${names.join('/')}`, layers: open.at(-1) ?? layers }
      continue
    }
    const found = lookup(open.at(-1) ?? layers, name)
    const here = `/${[...names, name].join('/')}`
    if (found.kind === 'symlink') {
      if (++links > MAX_SYMLINKS) return { kind: 'missing', path: here }
      const target = readlinkSync(found.source)
      if (target.startsWith('/')) {
        names.length = 0
        open = [layers]
        last = { kind: 'directory', path: '/', layers }
      }
      todo.push(...target.split('/').reverse())
      continue
    }
    if (found.kind === 'directory') {
      names.push(name)
      open = [...open, found.layers]
      last = { kind: 'directory', path: here, layers: found.layers }
      continue
    }
    const rest = todo.reverse().filter(Boolean)
    if (found.kind === 'missing' || rest.length > 0) return { kind: 'missing', path: [here, ...rest].join('/') }
    return { kind: 'other', path: here, source: found.source }
  }
  return last
}

export type Found =
  | { readonly kind: 'directory'; readonly layers: readonly string[] }
  | { readonly kind: 'symlink' | 'other'; readonly source: string }
  | { readonly kind: 'missing' }

/**
 * One name in one directory that may be spread over several layers.
 * @param encoding `latin1` where each character of a path stands for a byte: not all names are UTF-8
 */
export function lookup(directories: readonly string[], name: string, encoding: 'utf8' | 'latin1' = 'utf8'): Found {
  const layers: string[] = []
  const lowest = directories.at(-1) // nothing is beneath it that could be hidden
  for (const directory of directories) {
    const source = `${directory}/${name}`
    const stat = lstatSync(encoding === 'utf8' ? source : Buffer.from(source, encoding), { throwIfNoEntry: false })
    if (!stat) continue
    // A whiteout: a character device 0/0.
    if (stat.isCharacterDevice() && stat.rdev === 0) break
    if (!stat.isDirectory()) {
      if (layers.length > 0) break
      return { kind: stat.isSymbolicLink() ? 'symlink' : 'other', source }
    }
    layers.push(source)
    if (directory !== lowest && isOpaque(encoding === 'utf8' ? source : Buffer.from(`${source}\0`, encoding))) break
  }
  return layers.length > 0 ? { kind: 'directory', layers } : { kind: 'missing' }
}

/** @param directory as a buffer, with a NUL at its end */
export function isOpaque(directory: string | Buffer): boolean {
  const value = Buffer.alloc(1)
  try {
    // Most have no attribute at all, which is an answer; that it lacks a certain one is an error, and those are dear.
    if (linux.llistxattr(directory, value, 0) === 0) return false
    return linux.lgetxattr(directory, 'trusted.overlay.opaque', value, value.length) === 1 && value.toString() === 'y'
  } catch (error) {
    if (error instanceof SystemError && ['ENODATA', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code)) return false
    throw error
  }
}
