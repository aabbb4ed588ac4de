import {
  closeSync,
  existsSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { AT, O, RENAME } from '../../sys/constants.ts'
import { linux } from '../../sys/kernel.ts'

const datasync = promisify(fdatasync)

/** Where the text before the last is, and for a moment that which is to be the next. */
const besideName = (file: string): string => `${file}.tmp`

/**
 * Writes JSON so that a crash at any moment, of the program or of the machine, leaves either the old text or the new:
 * to a name beside it, synced, exchanged. What was there before stays under that name, for {@link readJson}. Only the
 * sync waits for a disk; a thread for each of the other calls would cost ten times what they do.
 * @param signal leaves the file alone if it comes before the new text is there
 */
export async function writeJson(file: string, value: unknown, signal?: AbortSignal): Promise<void> {
  const temporary = besideName(file)
  const fd = openForWriting(temporary)
  try {
    const text = Buffer.from(JSON.stringify(value))
    writeFileSync(fd, text)
    ftruncateSync(fd, text.length)
    await datasync(fd)
  } finally {
    closeSync(fd)
  }
  if (signal?.aborted) removeFile(temporary)
  else exchange(temporary, file)
}

function exchange(temporary: string, file: string): void {
  try {
    if (!existsSync(file)) renameSync(temporary, file)
    else linux.renameat2(AT.FDCWD, temporary, AT.FDCWD, file, RENAME.EXCHANGE)
  } catch (error) {
    // Not every file system can do it.
    if (!['EINVAL', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    renameSync(temporary, file)
  }
}

/**
 * The text before the last is written over rather than truncated: its blocks need not be freed and taken again, which
 * may mean a trip to the disk. Most of the time the directory is there, so it is made only when it turns out not to be.
 */
function openForWriting(file: string): number {
  const flags = O.WRONLY | O.CREAT | O.CLOEXEC
  try {
    return openSync(file, flags, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(file), { recursive: true })
    return openSync(file, flags, 0o600)
  }
}

export type ReadResult<T> =
  /** @property setAside the damaged file, where the value is that from before the last change */
  { readonly value: T; readonly setAside?: string } | { readonly missing: true } | { readonly setAside: string }

/**
 * Reads what {@link writeJson} wrote. A file that is not what it should be is set aside under another name rather than
 * overwritten or fatal: nobody but a person can tell what it was. What it held before its last change is taken instead.
 * @param isWhole says whether the parsed text is what was written
 */
export async function readJson<T>(file: string, isWhole: (value: unknown) => value is T): Promise<ReadResult<T>> {
  const found = await parsed(file, isWhole)
  if (found !== 'damaged' && 'value' in found) return found
  if (found !== 'damaged') return await completed(file, isWhole)
  const setAside = `${file}.damaged-${Date.now()}`
  await rename(file, setAside)
  const before = await parsed(besideName(file), isWhole)
  return typeof before === 'object' && 'value' in before ? { ...before, setAside } : { setAside }
}

/** A first text that was synced, but the machine lost its power before the file's name was on the disk. */
async function completed<T>(file: string, isWhole: (value: unknown) => value is T): Promise<ReadResult<T>> {
  const found = await parsed(besideName(file), isWhole)
  if (found === 'damaged' || 'missing' in found) return { missing: true }
  await rename(besideName(file), file)
  return found
}

async function parsed<T>(
  file: string,
  isWhole: (value: unknown) => value is T,
): Promise<{ readonly value: T } | { readonly missing: true } | 'damaged'> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (['ENOENT', 'ENOTDIR'].includes(code)) return { missing: true }
    if (code === 'EISDIR') return 'damaged'
    throw error
  }
  try {
    const value: unknown = JSON.parse(text)
    return isWhole(value) ? { value } : 'damaged'
  } catch {
    return 'damaged'
  }
}

/** Takes away a file that {@link writeJson} wrote, and what is beside it. */
export function removeJson(file: string): void {
  removeFile(besideName(file))
  removeFile(file)
}

/** A file that is not there is no error. */
export function removeFile(file: string): void {
  try {
    unlinkSync(file)
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}
