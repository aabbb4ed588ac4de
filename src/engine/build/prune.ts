import type { Filters } from '../api.ts'
import type { Context } from '../context.ts'

/** Forgets steps that are not in use, and the cache mounts of steps. */
export async function pruneBuilds(
  context: Context,
  { all = false, filters = {}, keepStorage = 0 }: { all?: boolean; filters?: Filters; keepStorage?: number },
): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }> {
  const { cache, mounts } = await context.builder()
  const [until] = filters.until ?? []
  const before = until === undefined ? Number.POSITIVE_INFINITY : momentOf(until)
  let left = cache.records().reduce((sum, { size, shared }) => sum + (shared ? 0 : size), 0)
  let reclaimed = 0
  const gone = await cache.remove(({ used, size, archive }, shared) => {
    if (used >= before || (shared && !all)) return false
    if (keepStorage > 0 && left <= keepStorage) return false
    if (!shared) {
      left -= size
      reclaimed += size + (archive?.blob?.size ?? archive?.size ?? 0)
    }
    return true
  })
  const directories = mounts.list().filter(({ inUse, used }) => !inUse && used < before && keepStorage === 0)
  for (const { name } of directories) {
    reclaimed += await context.images.workshop.measure(mounts.path(name)).catch(() => 0)
    await mounts.remove(name)
  }
  return {
    CachesDeleted: [...gone.map(({ key }) => key.slice(0, 25)), ...directories.map(({ name }) => name.slice(0, 25))],
    SpaceReclaimed: reclaimed,
  }
}

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A duration before now (`24h`), seconds since the epoch, or a time in words of RFC 3339. */
function momentOf(text: string): number {
  const parts = [...text.matchAll(/(\d+)([smhd])/g)]
  if (parts.length > 0 && parts.map(([whole]) => whole).join('') === text)
    return Date.now() - parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as 's'], 0)
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text)
}
