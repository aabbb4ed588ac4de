import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes that the files below a directory take. Files that vanish meanwhile are not counted. */
export async function diskUsage(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  let bytes = 0
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) bytes += await diskUsage(path)
    else bytes += (await lstat(path).catch(() => undefined))?.size ?? 0
  }
  return bytes
}
