import type { Key } from '../key.ts'
import type { CacheRecord } from './record.ts'

/**
 * The records to forget, those used longest ago first, so that the layers which no image has fit into the budget. What
 * is in use, or of an image, is left out of the count: to forget it would gain nothing.
 * @param budget bytes
 */
export function overBudget(
  records: readonly (CacheRecord & { readonly inUse: boolean; readonly shared: boolean })[],
  budget: number,
): readonly Key[] {
  const own = records.filter(({ inUse, shared }) => !inUse && !shared).sort((a, b) => a.used - b.used)
  let total = own.reduce((sum, { size }) => sum + size, 0)
  const gone: Key[] = []
  for (const { key, size } of own) {
    if (total <= budget) break
    gone.push(key)
    total -= size
  }
  return gone
}
