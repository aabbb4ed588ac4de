import type { Workshop } from '../../image/workshop.ts'
import { type Kept, overBudget } from './budget.ts'
import type { BuildCache } from './cache.ts'
import type { CacheMounts } from './mounts.ts'

export interface Upkeep {
  readonly cache: BuildCache
  readonly mounts: CacheMounts
  readonly workshop: Workshop
  /** Bytes that the cache may take, besides what images have. */
  readonly budget: number
}

/** Steps and directories are told apart by what goes before their keys. */
const step = 'step '
const mount = 'mount '

/**
 * Keeps the cache to its budget after a build.
 * @param since when it began, in milliseconds since 1970: the directories that it used are measured anew
 */
export async function keepBudget({ cache, mounts, workshop, budget }: Upkeep, since: number): Promise<void> {
  if (budget === Number.POSITIVE_INFINITY) return
  for (const { name, used } of mounts.list())
    if (used >= since) mounts.measured(name, await workshop.measure(mounts.path(name)).catch(() => 0))
  const wanted = cache.wanted()
  const kept: Kept[] = [
    ...cache.records().map(record => ({ ...record, key: step + record.key, wanted: wanted.has(record.key) })),
    ...mounts.list().map(one => ({ ...one, key: mount + one.name, shared: false, wanted: wanted.has(one.name) })),
  ]
  const gone = new Set(overBudget(kept, budget))
  if (gone.size === 0) return
  await cache.remove(({ key }) => gone.has(step + key))
  for (const { name } of mounts.list()) if (gone.has(mount + name)) await mounts.remove(name)
}
