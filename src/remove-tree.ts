import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rename, rmdir, unlink } from 'node:fs/promises'

/** Bytes of a path above which one more name (NAME_MAX, 255) may be too many for the kernel (PATH_MAX, 4096). */
const LONG = 3500
const SLASH = Buffer.from('/')

/**
 * As rm -r, with a third of the calls that `fs.rm` makes, and of what `fs.rm` cannot remove: programs name files by
 * bytes that are no UTF-8, and make directories deeper than a path can tell. Links are removed, never followed.
 * @param options.force a directory that is not there is no error
 */
export async function removeTree(directory: string, { force = false } = {}): Promise<void> {
  const top = Buffer.from(directory)
  await remove(top, top).catch(error => {
    if (!force || error.code !== 'ENOENT' || existsSync(directory)) throw error
  })
}

async function remove(directory: Buffer, top: Buffer): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: 'buffer' })) {
    const path = Buffer.concat([directory, SLASH, entry.name])
    if (!entry.isDirectory()) await unlink(path)
    else if (path.length <= LONG) await remove(path, top)
    else {
      const near = Buffer.concat([top, SLASH, Buffer.from(randomBytes(16).toString('hex'))])
      await rename(path, near)
      await remove(near, top)
    }
  }
  await rmdir(directory)
}
