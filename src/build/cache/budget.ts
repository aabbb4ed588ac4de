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

/**
 * What to forget, what was used longest ago first, so that everything fits into the budget, or everything that is left is
 * in use or wanted.
 * @param budget bytes
 */
export function overBudget(all: readonly Kept[], budget: number): readonly string[] {
  const counted = all.filter(({ shared }) => !shared)
  let total = counted.reduce((sum, { size }) => sum + size, 0)
  const gone: string[] = []
  for (const { key, size } of counted.filter(one => !one.inUse && !one.wanted).sort((a, b) => a.used - b.used)) {
    if (total <= budget) break
    gone.push(key)
    total -= size
  }
  return gone
}
