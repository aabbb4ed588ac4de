import type { Workshop } from '../../image/workshop.ts'
import { type CacheRule, type CacheType, type Kept, mayGo, overBudget } from './budget.ts'
import type { BuildCache } from './cache.ts'
import type { CacheMounts } from './mounts.ts'

export interface Upkeep {
  readonly cache: BuildCache
  readonly mounts: CacheMounts
  readonly workshop: Workshop
  /** Besides what images have. */
  readonly rules: readonly CacheRule[]
}

/** Steps and directories are told apart by what goes before their keys. */
const step = 'step '
const mount = 'mount '

/**
 * Keeps the cache to its budget after a build.
 * @param since when it began, in milliseconds since 1970: the directories that it used are measured anew
 */
export async function keepBudget({ cache, mounts, workshop, rules }: Upkeep, since: number): Promise<void> {
  if (rules.length === 0) return
  for (const { name, used } of mounts.list())
    if (used >= since) mounts.measured(name, await workshop.measure(mounts.path(name)).catch(() => 0))
  const now = Date.now()
  for (const rule of rules) {
    const wanted = cache.wanted()
    const kept: (Kept & { readonly type: CacheType })[] = [
      ...cache.records().map(record => ({
        ...{ ...record, key: step + record.key, type: 'regular' as const },
        wanted: wanted.has(record.key),
      })),
      ...mounts.list().map(one => ({
        ...{ ...one, key: mount + one.name, type: 'exec.cachemount' as const, shared: false },
        wanted: wanted.has(one.name),
      })),
    ]
    const isAllowed = mayGo(rule, now)
    const gone = new Set(overBudget(kept, rule.budget, one => isAllowed(one, one.type)))
    if (gone.size === 0) continue
    await cache.remove(({ key }) => gone.has(step + key))
    for (const { name } of mounts.list()) if (gone.has(mount + name)) await mounts.remove(name)
  }
}
