import type { Builder } from '../../build/builder.ts'
import type { BuildCacheItem } from '../api.ts'
import { diskUsage } from '../store/disk-usage.ts'

/** `BuildCache` of `GET /system/df`: the steps that builds have left, and the directories that steps mount. */
export async function buildCacheOf({ cache, mounts }: Builder): Promise<BuildCacheItem[]> {
  const steps = cache.records().map(
    ({ key, about, size, archive, created, used, uses, inUse, shared }): BuildCacheItem => ({
      ID: key.slice(0, 25),
      Type: 'regular',
      Description: about.text,
      InUse: inUse,
      Shared: shared,
      Size: size + (archive?.blob?.size ?? archive?.size ?? 0),
      CreatedAt: created,
      LastUsedAt: new Date(used).toISOString(),
      UsageCount: uses,
    }),
  )
  const directories = mounts.list().map(
    async ({ name, id, created, used, uses, inUse }): Promise<BuildCacheItem> => ({
      ID: name.slice(0, 25),
      Type: 'exec.cachemount',
      Description: `cached mount ${id}`,
      InUse: inUse,
      Shared: false,
      Size: await diskUsage(mounts.path(name)),
      CreatedAt: created,
      LastUsedAt: new Date(used).toISOString(),
      UsageCount: uses,
    }),
  )
  return [...steps, ...(await Promise.all(directories))]
}
