import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataRootUsage } from '../api.ts'
import type { Context } from '../context.ts'
import { diskUsage } from '../store/disk-usage.ts'

/** Bytes of everything in the data root, logs and the engine's own files too; by what lies in it. */
export async function dataRootUsage({ directories }: Context): Promise<DataRootUsage> {
  const { data } = directories
  const entries = await readdir(data, { withFileTypes: true })
  const parts: Record<string, number> = {}
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(data, entry.name)
    const size = entry.isDirectory() ? await diskUsage(path) : ((await lstat(path).catch(() => undefined))?.size ?? 0)
    parts[entry.name] = size
  }
  return { Path: data, Size: Object.values(parts).reduce((sum, size) => sum + size, 0), Parts: parts }
}
