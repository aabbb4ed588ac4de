import * as fs from 'node:fs'
import { posix } from 'node:path'
import { linux } from '../../sys/kernel.ts'
import type { ContainerPathStat } from '../api.ts'
import { baseName } from './path.ts'

/**
 * Changes to the directory that holds `path`. Links on the way are followed, one at the end is not.
 * @returns what is to be looked at there: a name, or the directory itself
 */
export function goTo(path: string): string {
  const slash = path.lastIndexOf('/')
  const [directory, base] = [path.slice(0, slash) || '/', path.slice(slash + 1)]
  linux.chdir(directory)
  return base || '.'
}

/** What is at `path`, which is `source` in the working directory (Engine API, `X-Docker-Container-Path-Stat`). */
export function statOf(source: string, path: string): ContainerPathStat {
  const stat = fs.lstatSync(source, { bigint: true })
  const seconds = new Date(Number(stat.mtimeMs)).toISOString().slice(0, 19)
  const fraction = String(((stat.mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n).padStart(9, '0')
  return {
    name: baseName(path),
    size: Number(stat.size),
    mode: goMode(Number(stat.mode)),
    mtime: `${seconds}.${fraction}Z`,
    linkTarget: stat.isSymbolicLink() ? followed(path) : '',
  }
}

const goTypes: ReadonlyMap<number, number> = new Map([
  [0o040000, 2 ** 31], // ModeDir
  [0o120000, 2 ** 27], // ModeSymlink
  [0o060000, 2 ** 26], // ModeDevice
  [0o020000, 2 ** 26 + 2 ** 21], // ModeDevice and ModeCharDevice
  [0o010000, 2 ** 25], // ModeNamedPipe
  [0o140000, 2 ** 24], // ModeSocket
])

/** The mode of inode(7) as Go's `fs.FileMode`, in which the API tells it. */
const goMode = (mode: number): number =>
  (goTypes.get(mode & 0o170000) ?? 0) +
  (mode & 0o4000 ? 2 ** 23 : 0) +
  (mode & 0o2000 ? 2 ** 22 : 0) +
  (mode & 0o1000 ? 2 ** 20 : 0) +
  (mode & 0o777)

// As many as the kernel follows, path_resolution(7).
const MAX_SYMLINKS = 40

/** Where a path leads, as far as it leads somewhere: what is missing stays as it is written. */
function followed(path: string): string {
  const todo = path.split('/').reverse()
  let at = '/'
  let links = 0
  while (todo.length > 0) {
    const name = todo.pop() ?? ''
    const next = posix.join(at, name)
    const target = name === '..' ? undefined : linkAt(next)
    if (target === undefined || ++links > MAX_SYMLINKS) {
      at = next
      continue
    }
    if (target.startsWith('/')) at = '/'
    todo.push(...target.split('/').reverse())
  }
  return at
}

function linkAt(path: string): string | undefined {
  try {
    return fs.readlinkSync(path)
  } catch {
    return undefined // no link, or nothing at all
  }
}
