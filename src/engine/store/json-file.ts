import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Writes JSON so that a crash at any moment, of the program or of the machine, leaves either the old text or the new:
 * to a temporary name beside it, synced, renamed.
 */
export async function writeJson(file: string, value: unknown): Promise<void> {
  const temporary = `${file}.tmp`
  const handle = await openForWriting(temporary)
  try {
    await handle.writeFile(JSON.stringify(value))
    await handle.datasync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
}

/** Most of the time the directory is there, so it is made only when it turns out not to be. */
async function openForWriting(file: string) {
  try {
    return await open(file, 'w', 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    await mkdir(dirname(file), { recursive: true })
    return await open(file, 'w', 0o600)
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

export async function removeFile(file: string): Promise<void> {
  await rm(file, { force: true })
}
