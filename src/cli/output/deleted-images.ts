import type { ImageDeleteItem } from '../../engine/api.ts'

/** What `image prune` and `system prune` have removed, as docker lists it; empty for nothing. */
export function deletedImages(items: readonly ImageDeleteItem[]): string {
  if (items.length === 0) return ''
  const lines = items.map(item => ('Untagged' in item ? `untagged: ${item.Untagged}\n` : `deleted: ${item.Deleted}\n`))
  return `Deleted Images:\n${lines.join('')}\n`
}
