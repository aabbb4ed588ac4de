import { posix } from 'node:path'

/** The rules of docker's `cp` for paths: a slash or `/.` at the end means something, and is kept. */

const meansContents = (path: string): boolean => /(?:^|\/)\.$/.test(path)
const meansDirectory = (path: string): boolean => path.endsWith('/')

/** `clean`, a cleaned path, with the end that `given` has. */
export function keepEnd(clean: string, given: string): string {
  if (meansContents(given) && !meansContents(clean)) return `${clean.replace(/\/$/, '')}/.`
  return meansDirectory(given) && !meansDirectory(clean) ? `${clean}/` : clean
}

/** A path as an absolute one. */
export const absolute = (cwd: string, path: string): string => keepEnd(posix.resolve(cwd, path), path)

/** The path of a container as an absolute one. */
export const inContainer = (path: string): string => keepEnd(posix.resolve('/', path), path)

/** The directory of a path, with a slash at its end, and the name in it: `.` for the contents of a directory. */
export function splitEntry(path: string): { readonly directory: string; readonly base: string } {
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1')
  const whole = meansContents(path) && !meansContents(clean) ? `${clean.replace(/\/$/, '')}/.` : clean
  const slash = whole.lastIndexOf('/') + 1
  return { directory: whole.slice(0, slash), base: whole.slice(slash) }
}

/** That a path must be one of a directory. */
const assertsDirectory = (path: string): boolean => meansDirectory(path) || meansContents(path)

/** Go's filepath.Base */
const lastName = (path: string): string => path.replace(/\/+$/, '').split('/').at(-1) || '/'

/**
 * What stands behind a path whose link has been followed to `target`.
 * @returns the target with the end of the path, and the name that the copy has nevertheless, if it is another one
 */
export function followedTo(path: string, target: string): { readonly path: string; readonly name?: string } {
  const followed = keepEnd(target, path)
  const name = lastName(path)
  return name === lastName(followed) ? { path: followed } : { path: followed, name }
}

/** One end of a copy: what is known of a path. */
export interface CopyEnd {
  readonly path: string
  readonly exists: boolean
  readonly isDirectory: boolean
  /** The name of what is copied, where it is not that of the path. */
  readonly name?: string
}

/** Where an archive has to be unpacked, and what its topmost entry is called then. */
export interface Placement {
  readonly directory: string
  readonly name: string
}

/**
 * Decides where a copy goes: into the directory that is there, or in place of what its path names.
 * @returns an error message if it cannot go there
 */
export function place(source: CopyEnd, destination: CopyEnd): Placement | string {
  const name = source.name ?? splitEntry(source.path).base
  const { directory, base } = splitEntry(destination.path)
  if (destination.exists && destination.isDirectory) return { directory: destination.path, name }
  if (destination.exists && source.isDirectory) return 'cannot copy directory'
  if (!destination.exists && !source.isDirectory && assertsDirectory(destination.path)) return 'no such directory'
  return { directory, name: base }
}
