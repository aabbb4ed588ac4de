import type { Builder } from '../../build/builder.ts'

/** `BuildCache` of `GET /system/df`: the steps that builds have left. */
export const buildCacheOf = ({ cache }: Builder): object[] =>
  cache.records().map(({ key, about, size, created, used, uses, inUse, shared }) => ({
    ID: key.slice(0, 25),
    Type: 'regular',
    Description: about.text,
    InUse: inUse,
    Shared: shared,
    Size: size,
    CreatedAt: created,
    LastUsedAt: new Date(used).toISOString(),
    UsageCount: uses,
  }))
