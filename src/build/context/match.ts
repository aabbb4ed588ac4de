import { posix } from 'node:path'
import type { SourcePattern } from './context.ts'
import type { FoundEntry, OpenDirectory } from './directory.ts'
import { hasWildcard, NamePattern, plainName } from './go-match.ts'
import { entryAt, resolveIn } from './resolve.ts'

/** A file or directory that a pattern of COPY names. */
export interface Source {
  /** Where it is, links followed; `.` for the whole tree. */
  readonly path: string
  /** What it is called in the target. */
  readonly name: string
  /** undefined for the whole tree */
  readonly entry: FoundEntry | undefined
  /** With `--parents`: below which directories are kept, and the pattern of what is taken from there. */
  readonly base?: string
  readonly include?: string
}

/** @returns those in the tree that fit, in an order that does not depend on the file system */
export async function matchSources(
  root: OpenDirectory,
  pattern: SourcePattern,
  parents: boolean,
  visible: (path: string) => boolean,
): Promise<readonly Source[]> {
  const { path, base } = typeof pattern === 'string' ? { path: pattern, base: '.' } : { base: '.', ...pattern }
  if (!parents) return await matchPath(root, path, visible)
  const include = base === '.' ? path : posix.relative(base, path)
  const bases = await matchPath(root, base, visible)
  const sources: Source[] = []
  for (const found of bases) {
    // Without wildcards it has to be there.
    if (!hasWildcard(path) && !(await resolveIn(root, posix.join(found.path, plainName(include)), visible))) continue
    sources.push({ ...found, base: found.path, ...(include !== '' && include !== '.' && { include }) })
  }
  return sources
}

/** Whether what a pattern of `--parents` names can be in a directory, or the directory in what it names. */
export function leadsTo(include: string, directory: string): boolean {
  const parts = include.split('/')
  for (const [index, name] of directory.split('/').entries()) {
    const part = parts[index]
    if (part === undefined || part.includes('**')) return true
    if (!new NamePattern(part).matches(name)) return false
  }
  return true
}

async function matchPath(
  root: OpenDirectory,
  path: string,
  visible: (path: string) => boolean,
): Promise<readonly Source[]> {
  const names = path.split('/')
  const first = names.findIndex(hasWildcard)
  if (first < 0) {
    const plain = plainName(path)
    const found = await resolveIn(root, plain, visible)
    return found ? [{ ...found, name: plain === '.' ? '' : posix.basename(plain) }] : []
  }
  const start = await resolveIn(root, plainName(names.slice(0, first).join('/')), visible)
  let directories = start ? [start.path] : []
  let paths: string[] = []
  for (const name of names.slice(first)) {
    const fits = new NamePattern(name)
    paths = (await Promise.all(directories.map(directory => children(root, directory, fits)))).flat().filter(visible)
    directories = paths
  }
  const found = await Promise.all(paths.map(async one => ({ one, at: await resolveIn(root, one, visible) })))
  return found.flatMap(({ one, at }) => (at ? [{ ...at, name: posix.basename(one) }] : []))
}

async function children(root: OpenDirectory, directory: string, pattern: NamePattern): Promise<readonly string[]> {
  const self = directory === '.' ? undefined : await entryAt(root, posix.dirname(directory), posix.basename(directory))
  if (self && self.type !== 'directory') return []
  using opened = root.below(directory)
  const names = (await opened.names()).filter(name => pattern.matches(name))
  return names.map(name => (directory === '.' ? name : `${directory}/${name}`))
}
