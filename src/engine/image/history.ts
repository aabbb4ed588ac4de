import type { HistoryEntry, Image } from '../../image/image.ts'
import type { ImageHistoryItem } from '../api.ts'
import { unixSeconds } from '../time.ts'

/**
 * `GET /images/{name}/history`, the newest first. Only the image itself has an id: the steps before it are none.
 * @param sizes bytes of each layer, lowest first
 */
export function historyOf(
  { id, repoTags, history, created, layers }: Image,
  sizes: readonly number[],
): ImageHistoryItem[] {
  // What tells nothing about its layers has one line for each.
  const steps: readonly HistoryEntry[] =
    history.length > 0 ? history : layers.map(() => ({ created: created.toISOString() }))
  let layer = 0
  const items = steps.map(
    (step): ImageHistoryItem => ({
      Id: '<missing>',
      Created: unixSeconds(new Date(step.created ?? 0)),
      CreatedBy: step.created_by ?? '',
      Tags: null,
      Size: step.empty_layer ? 0 : (sizes[layer++] ?? 0),
      Comment: step.comment ?? '',
    }),
  )
  return items.reverse().map((item, index) => (index === 0 ? { ...item, Id: id, Tags: [...repoTags] } : item))
}
