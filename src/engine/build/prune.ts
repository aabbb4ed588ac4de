import { statfs } from 'node:fs/promises'
import { bytesToKeep, type Kept, type KeptSpace, overBudget } from '../../build/cache/budget.ts'
import type { BuildCacheItem, BuildPruneOptions, Filters } from '../api.ts'
import type { Context } from '../context.ts'
import { booleanFilter, matchesExpression, matchesPrefix, validateFilters } from '../filters.ts'
import { parseMoment } from '../time.ts'
import { buildCacheOf } from './disk-usage.ts'

const accepted = ['description', 'id', 'inuse', 'label', 'label!', 'private', 'shared', 'type', 'unused-for', 'until']

/**
 * `POST /build/prune`: forgets steps that are not in use, and directories of cache mounts; with `all` also steps whose
 * layers images have, which gains nothing. Where something may stay, what was used longest ago goes.
 */
export async function pruneBuilds(
  context: Context,
  { all = false, filters = {}, ...space }: BuildPruneOptions,
): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }> {
  validateFilters(filters, accepted)
  const builder = await context.builder()
  const { cache, mounts } = builder
  const before = Math.min(...[...(filters.until ?? []), ...(filters['unused-for'] ?? [])].map(parseMoment))
  const items = (await buildCacheOf(builder)).filter(
    item => !item.InUse && (all || !item.Shared) && Date.parse(item.LastUsedAt) < before && fits(filters, item),
  )
  const kept = items.map(({ ID, Size, LastUsedAt, Shared }) => ({
    ...{ key: ID, size: Size, used: Date.parse(LastUsedAt), inUse: false, wanted: false, shared: Shared },
  }))
  const budget = await budgetOf(context, space, kept)
  const asked = new Set(budget > 0 ? overBudget(kept, budget) : items.map(({ ID }) => ID))
  const steps = await cache.remove(({ key }) => asked.has(idOf(key)))
  const directories = mounts.list().filter(({ name, inUse }) => !inUse && asked.has(idOf(name)))
  for (const { name } of directories) await mounts.remove(name)
  const deleted = [...steps.map(({ key }) => idOf(key)), ...directories.map(({ name }) => idOf(name))]
  const freed = items.filter(({ ID, Shared }) => !Shared && deleted.includes(ID))
  const reclaimed = freed.reduce((sum, { Size }) => sum + Size, 0)
  context.events.emit('builder', 'prune', '', { reclaimed: String(reclaimed) })
  return { CachesDeleted: deleted, SpaceReclaimed: reclaimed }
}

/** Bytes that may stay; 0: none has to. */
async function budgetOf({ directories }: Context, space: KeptSpace, kept: readonly Kept[]): Promise<number> {
  if (!space.minFreeSpace) return bytesToKeep(space, 0, 0)
  const { bavail, bsize } = await statfs(directories.data)
  const used = kept.reduce((sum, { size, shared }) => sum + (shared ? 0 : size), 0)
  return bytesToKeep(space, used, bavail * bsize)
}

/** As `system df -v` shows it. */
const idOf = (key: string): string => key.slice(0, 25)

/** Steps have no labels: who asks for some, as `system prune` does for everything at once, does not mean them. */
const fits = (filters: Filters, { ID, Type, Description, InUse, Shared }: BuildCacheItem): boolean =>
  !filters.label &&
  !filters['label!'] &&
  matchesPrefix(filters, 'id', ID) &&
  matchesExpression(filters, 'type', [Type]) &&
  matchesExpression(filters, 'description', [Description]) &&
  (booleanFilter(filters, 'inuse') ?? InUse) === InUse &&
  (booleanFilter(filters, 'shared') ?? Shared) === Shared &&
  (booleanFilter(filters, 'private') ?? !Shared) === !Shared
