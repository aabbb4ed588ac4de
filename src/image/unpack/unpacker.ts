import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { TscomposeError } from '../../errors.ts'
import type { Digest } from '../image.ts'
import type { Written } from './layer-writer.ts'
import type { FromWorker, ToWorker } from './protocol.ts'

/** The archive of a layer, which may still be on its way. */
export interface LayerBlob {
  readonly path: string
  /** Calls `grown` now and whenever there is more to read. @returns ends that */
  watch(grown: (size: number, complete: boolean) => void): Disposable
}

export interface UnpackJob {
  readonly blob: LayerBlob
  /** An empty directory, which gets the layer. */
  readonly directory: string
  readonly diffId: Digest
  /** Gets the number of bytes of the blob that have been unpacked. */
  readonly onProgress: (current: number) => void
}

/** How long a thread is kept for the next layer. */
const IDLE_MS = 5_000
/** Bytes of a blob that are worth a message. */
const NOTICE = 256 * 1024

/**
 * Threads that unpack layers, each one at a time, as many as the machine has processors but not more than four. They
 * start with the first job and end when there has been none for a while; they never keep the process alive.
 *
 * The threads of libuv's pool must have started before any of ours confines itself, which makes the first of libuv's
 * calls: they would inherit a root directory. `openImageStore` reads its files first, and that is enough.
 */
export class Unpacker {
  readonly #limit = Math.min(4, Math.max(2, availableParallelism()))
  readonly #idle: Thread[] = []
  readonly #waiting: ((thread: Thread) => void)[] = []
  #running = 0

  /** @throws TscomposeError IMAGE_LAYER_INVALID, IMAGE_LAYER_TOO_LARGE, IMAGE_DIGEST_MISMATCH, IMAGE_UNPACK_FAILED */
  async unpack(job: UnpackJob, signal: AbortSignal): Promise<Written> {
    const { blob, directory, diffId, onProgress } = job
    using lease = await this.#thread()
    signal.throwIfAborted()
    const { thread } = lease
    const abandon = () => thread.post({ type: 'abandon' })
    signal.addEventListener('abort', abandon)
    try {
      const result = thread.run({ type: 'unpack', blob: blob.path, directory, diffId }, onProgress)
      let told = 0
      using _ = blob.watch((size, complete) => {
        if (size - told < NOTICE && !complete) return
        told = size
        thread.post({ type: 'available', size, complete })
      })
      const message = await result
      if (message.type !== 'unpacked') throw new TypeError(`unexpected answer: ${message.type}`)
      return { size: message.size, entries: message.entries }
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', abandon)
    }
  }

  /** Removes a directory with all that is in it. */
  async remove(directory: string): Promise<void> {
    using lease = await this.#thread()
    await lease.thread.run({ type: 'remove', directory }, () => {})
  }

  async #thread(): Promise<{ readonly thread: Thread } & Disposable> {
    const thread = this.#idle.pop() ?? (this.#running < this.#limit ? this.#start() : await this.#next())
    thread.use()
    return { thread, [Symbol.dispose]: () => this.#release(thread) }
  }

  #start(): Thread {
    this.#running++
    return new Thread()
  }

  #next(): Promise<Thread> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  #release(thread: Thread): void {
    if (thread.ended) this.#running--
    const waiting = this.#waiting.shift()
    if (waiting) waiting(thread.ended ? this.#start() : thread)
    if (waiting || thread.ended) return
    this.#idle.push(thread)
    thread.rest(() => {
      this.#idle.splice(this.#idle.indexOf(thread), 1)
      this.#running--
    })
  }
}

class Thread {
  readonly #worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'tscompose-unpack' })
  #answer: PromiseWithResolvers<FromWorker> | undefined
  #onProgress: (current: number) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  ended = false

  constructor() {
    this.#worker.on('message', (message: FromWorker) => {
      if (message.type === 'progress') return this.#onProgress(message.current)
      const answer = this.#answer
      this.#answer = undefined
      if (message.type === 'failed') answer?.reject(new TscomposeError(message.code, message.message))
      else answer?.resolve(message)
    })
    this.#worker.on('error', error => this.#end(error))
    this.#worker.on('exit', () => this.#end(new Error('the thread ended')))
  }

  /** Gives it a job; an answer comes in any case. */
  async run(job: ToWorker, onProgress: (current: number) => void): Promise<FromWorker> {
    this.#answer = Promise.withResolvers()
    this.#onProgress = onProgress
    this.post(job)
    return await this.#answer.promise
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  use(): void {
    clearTimeout(this.#timer)
    this.#worker.ref()
  }

  /** Ends it after a while in which it was not used. */
  rest(ended: () => void): void {
    this.#worker.unref()
    this.#timer = setTimeout(() => {
      ended()
      void this.#worker.terminate()
    }, IDLE_MS).unref()
  }

  #end(cause: Error): void {
    this.ended = true
    this.#answer?.reject(
      new TscomposeError('IMAGE_UNPACK_FAILED', `the thread that unpacks layers ended: ${cause.message}`, { cause }),
    )
    this.#answer = undefined
  }
}
