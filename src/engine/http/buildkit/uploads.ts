import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { invalid } from '../../failures.ts'

/** How long either side of an upload waits for the other, in milliseconds. */
const PATIENCE = 10_000

interface Upload {
  readonly stream: PromiseWithResolvers<Readable>
  readonly taken: PromiseWithResolvers<void>
}

/** Build contexts that come with a request of their own, by the ids of their builds. */
export class Uploads {
  readonly #uploads = new Map<string, Upload>()

  /** Settles when the build has read it. @throws TscomposeError ENGINE_REQUEST_INVALID if no build comes for it */
  async offer(id: string, stream: Readable, signal: AbortSignal): Promise<void> {
    const upload = this.#find(id)
    upload.stream.resolve(stream)
    await this.#within(id, upload.taken.promise, signal)
    if (!stream.closed && !stream.readableEnded) await once(stream, 'close')
  }

  /** @throws TscomposeError ENGINE_REQUEST_INVALID if it does not come */
  async take(id: string, signal: AbortSignal): Promise<Readable> {
    const upload = this.#find(id)
    const stream = await this.#within(id, upload.stream.promise, signal)
    upload.taken.resolve()
    return stream
  }

  #find(id: string): Upload {
    const known = this.#uploads.get(id)
    if (known) return known
    const upload = { stream: Promise.withResolvers<Readable>(), taken: Promise.withResolvers<void>() }
    this.#uploads.set(id, upload)
    return upload
  }

  async #within<T>(id: string, promise: Promise<T>, signal: AbortSignal): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const abort = () => reject(signal.reason)
    const timer = setTimeout(
      () => reject(invalid(`there is no build ${id}, or no context was uploaded for it`)),
      PATIENCE,
    )
    signal.addEventListener('abort', abort)
    try {
      return await Promise.race([promise, late])
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      this.#uploads.delete(id)
    }
  }
}
