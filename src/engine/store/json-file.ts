import { closeSync, fdatasync, mkdirSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const datasync = promisify(fdatasync)

/**
 * Writes JSON so that a crash at any moment, of the program or of the machine, leaves either the old text or the new:
 * to a temporary name beside it, synced, renamed. Only the sync waits for a disk; a thread for each of the other calls
 * would cost ten times what they do.
 * @param signal leaves the file alone if it comes before the new text is there
 */
export async function writeJson(file: string, value: unknown, signal?: AbortSignal): Promise<void> {
  const temporary = `${file}.tmp`
  const fd = openForWriting(temporary)
  try {
    writeFileSync(fd, JSON.stringify(value))
    await datasync(fd)
  } finally {
    closeSync(fd)
  }
  if (signal?.aborted) removeFile(temporary)
  else renameSync(temporary, file)
}

/** Most of the time the directory is there, so it is made only when it turns out not to be. */
function openForWriting(file: string): number {
  try {
    return openSync(file, 'w', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(file), { recursive: true })
    return openSync(file, 'w', 0o600)
  }
}

export type ReadResult<T> = { readonly value: T } | { readonly missing: true } | { readonly setAside: string }

/**
 * Reads what {@link writeJson} wrote. A file that is not what it should be is set aside under another name rather than
 * overwritten or fatal: nobody but a person can tell what it was.
 * @param isWhole says whether the parsed text is what was written
 */
export async function readJson<T>(file: string, isWhole: (value: unknown) => value is T): Promise<ReadResult<T>> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return { missing: true }
    throw error
  }
  try {
    const value: unknown = JSON.parse(text)
    if (isWhole(value)) return { value }
  } catch {
    // set aside below
  }
  const setAside = `${file}.damaged-${Date.now()}`
  await rename(file, setAside)
  return { setAside }
}

/** A file that is not there is no error. */
export function removeFile(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
