import type { OnImageProgress } from './image.ts'

const PROGRESS_MS = 100

/** Tells lines about layers by their short ids. */
export type Say = (
  id: string,
  status: string,
  progressDetail?: { readonly current: number; readonly total: number },
) => void

/** Lines of layers; those that tell how far one is come ten times a second at most. */
export function throttled(onProgress: OnImageProgress): Say {
  const last = new Map<string, number>()
  return (id, status, progressDetail) => {
    const now = performance.now()
    if (progressDetail && now - (last.get(id) ?? Number.NEGATIVE_INFINITY) < PROGRESS_MS) return
    if (progressDetail) last.set(id, now)
    onProgress({ status, id, progressDetail: progressDetail ?? {} })
  }
}
