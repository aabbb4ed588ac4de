import type { ImageProgress } from '../../image/image.ts'
import type { JSONMessage } from '../api.ts'

type Tell = (message: JSONMessage) => void
type Work = (onProgress: (progress: ImageProgress) => void, signal: AbortSignal, tell: Tell) => Promise<void>

/**
 * What `work` tells while it is done, line by line; ends with it, and throws what it throws. It begins at once, and
 * ends early when `signal` aborts or when nobody wants to hear more.
 */
export function progressStream(work: Work, signal: AbortSignal): AsyncIterable<JSONMessage> {
  const lines: JSONMessage[] = []
  const abandoned = new AbortController()
  let wake = Promise.withResolvers<void>()
  let over = false
  const tell: Tell = message => {
    lines.push(message)
    wake.resolve()
  }
  const done = work(tell, AbortSignal.any([signal, abandoned.signal]), tell).finally(() => {
    over = true
    wake.resolve()
  })
  done.catch(() => {}) // thrown by the stream, if somebody still reads it
  return (async function* () {
    try {
      while (!over || lines.length > 0) {
        yield* lines.splice(0)
        if (over || lines.length > 0) continue
        await wake.promise
        wake = Promise.withResolvers<void>()
      }
      await done
    } finally {
      abandoned.abort()
    }
  })()
}
