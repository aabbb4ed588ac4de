import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** How many files are asked about at a time: libuv has four threads for that, and others want them, too. */
const AT_ONCE = 16

/**
 * Bytes in the files below a directory; of a file with several names once. Files that vanish meanwhile are not counted.
 * @param seen inodes that are counted already
 */
export async function diskUsage(directory: string, seen = new Set<string>()): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  let bytes = 0
  const files = entries.filter(entry => !entry.isDirectory())
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const sizes = await Promise.all(
      files.slice(at, at + AT_ONCE).map(({ name }) => fileSize(join(directory, name), seen)),
    )
    for (const size of sizes) bytes += size
  }
  for (const entry of entries) if (entry.isDirectory()) bytes += await diskUsage(join(directory, entry.name), seen)
  return bytes
}

async function fileSize(path: string, seen: Set<string>): Promise<number> {
  const stats = await lstat(path).catch(() => undefined)
  if (!stats) return 0
  if (stats.nlink > 1) {
    const inode = `${stats.dev}:${stats.ino}`
    if (seen.has(inode)) return 0
    seen.add(inode)
  }
  return stats.size
}
