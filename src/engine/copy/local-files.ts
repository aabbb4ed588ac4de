import { lstat, readlink, realpath, stat } from 'node:fs/promises'
import { posix } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { invalid } from '../failures.ts'
import { type CopyEnd, followedTo, keepEnd, splitEntry } from './paths.ts'

const MAX_LINKS = 10

/** What is to be copied from this machine. Links on the way are followed; one at the end with `followLink`. */
export async function localSource(path: string, followLink: boolean): Promise<CopyEnd> {
  return await inWords(path, async () => {
    const { path: resolved, name } = followLink ? followedTo(path, await realpath(path)) : await parentResolved(path)
    const { isDirectory } = await look(resolved)
    return { path: resolved, exists: true, isDirectory, ...(name !== undefined && { name }) }
  })
}

async function parentResolved(path: string): Promise<{ readonly path: string; readonly name?: string }> {
  const slash = path.lastIndexOf('/')
  const [directory, base] = [path.slice(0, slash) || '/', path.slice(slash + 1)]
  const parent = await realpath(directory)
  const resolved = `${parent === '/' ? '' : parent}/${base}`
  return path.endsWith('/') ? followedTo(path, resolved) : { path: resolved }
}

/** Where something is to be copied to on this machine. It need not be there, but its directory must. */
export async function localDestination(given: string): Promise<CopyEnd> {
  const parent = posix.dirname(given.replace(/(.)\/+$/, '$1'))
  if (!(await exists(parent))) throw invalid(`invalid output path: directory "${parent}" does not exist`)
  let path = given
  for (let links = 0; ; links++) {
    const found = await lstat(path).catch(onlyMissing)
    if (!found) break
    if (found.isBlockDevice() || found.isCharacterDevice()) throw invalid(`got a device: ${path}`)
    if (!found.isSymbolicLink()) return { path, exists: true, isDirectory: found.isDirectory() }
    if (links > MAX_LINKS) throw invalid(`too many symlinks in ${given}`)
    path = posix.resolve(splitEntry(path).directory, await readlink(path))
  }
  const { directory } = splitEntry(path)
  if (!(await inWords(directory, () => stat(directory))).isDirectory()) throw invalid('not a directory')
  return { path, exists: false, isDirectory: false }
}

const look = async (path: string): Promise<{ readonly isDirectory: boolean }> => ({
  isDirectory: (await lstat(path)).isDirectory(),
})

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    error => onlyMissing(error) !== undefined,
  )

function onlyMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
  return undefined
}

/** In docker's words, which are Go's. */
async function inWords<T>(path: string, look: () => Promise<T>): Promise<T> {
  try {
    return await look()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const clean = keepEnd(posix.normalize(path), path)
    if (code === 'ENOENT')
      throw new TscomposeError('ENGINE_FILE_NOT_FOUND', `lstat ${clean}: no such file or directory`, { cause: error })
    if (code === 'ENOTDIR') throw new TscomposeError('ENGINE_REQUEST_INVALID', `lstat ${clean}: not a directory`)
    throw error
  }
}
