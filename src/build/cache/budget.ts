/** Something that the build cache keeps: the layer of a step, or the directory of a cache mount. */
export interface Kept {
  readonly key: string
  /** bytes */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly used: number
  readonly inUse: boolean
  /** Images have it: to forget it would gain nothing, so it does not count. */
  readonly shared: boolean
  /** The last build of a project that is there has come through it: it counts, and stays. */
  readonly wanted: boolean
}

/** What the cache is kept to after a build (BuildKit, "Garbage collection"): rules apply one after the other. */
export interface CacheRule {
  /** Bytes that the whole cache may take. */
  readonly budget: number
  /** Only what nobody has used for so long may go: milliseconds. */
  readonly unusedForMs?: number
  /** Only these may go; empty: all. */
  readonly types: readonly CacheType[]
}

/** Layers of steps, and directories of cache mounts, by BuildKit's names. */
export const cacheTypes = ['regular', 'exec.cachemount'] as const
export type CacheType = (typeof cacheTypes)[number]

/** Whether a rule lets something go. @param now milliseconds since 1970 */
export const mayGo =
  ({ unusedForMs = 0, types }: CacheRule, now: number) =>
  ({ used }: Pick<Kept, 'used'>, type: CacheType): boolean =>
    used <= now - unusedForMs && (types.length === 0 || types.includes(type))

/**
 * What to forget, what was used longest ago first, so that everything fits into the budget, or everything that is left is
 * in use or wanted.
 * @param budget bytes
 * @param isAllowed whether something may go at all
 */
export function overBudget<T extends Kept>(
  all: readonly T[],
  budget: number,
  isAllowed: (one: T) => boolean = () => true,
): readonly string[] {
  const counted = all.filter(({ shared }) => !shared)
  let total = counted.reduce((sum, { size }) => sum + size, 0)
  const gone: string[] = []
  for (const { key, size } of counted
    .filter(one => !one.inUse && !one.wanted && isAllowed(one))
    .sort((a, b) => a.used - b.used)) {
    if (total <= budget) break
    gone.push(key)
    total -= size
  }
  return gone
}

/** Bytes that a prune leaves: 0 means that nobody cares. */
export interface KeptSpace {
  /** Of the cache, whatever the others say. */
  readonly reservedSpace?: number
  /** At most, of the cache. */
  readonly maxUsedSpace?: number
  /** Of the disk. */
  readonly minFreeSpace?: number
}

/**
 * What BuildKit's three wishes mean together: no more than `maxUsedSpace`, less where the disk has not `minFreeSpace`, but
 * `reservedSpace` in any case.
 * @param used bytes of the cache that can be freed
 * @param free bytes of the disk
 */
export function bytesToKeep(
  { reservedSpace = 0, maxUsedSpace = 0, minFreeSpace = 0 }: KeptSpace,
  used: number,
  free: number,
): number {
  const bounds = [
    ...(maxUsedSpace > 0 ? [maxUsedSpace] : []),
    ...(minFreeSpace > 0 ? [minFreeSpace > free ? used - (minFreeSpace - free) : Number.POSITIVE_INFINITY] : []),
  ]
  return Math.max(reservedSpace, bounds.length > 0 ? Math.min(...bounds) : 0)
}
