import { availableParallelism } from 'node:os'
import type { Digest } from '../image.ts'
import type { Written } from './layer-writer.ts'
import type { PackJob } from './protocol.ts'
import { UnpackProcess } from './unpack-process.ts'

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
  /** That which the layer has to have; without it any will do. */
  readonly diffId?: Digest
  /** Gets the number of bytes of the blob that have been unpacked. */
  readonly onProgress: (current: number) => void
}

/** A layer that has been unpacked, and the diff id it has. */
export type Unpacked = Written & { readonly diffId: Digest }

/** How long a process is kept for the next layer. */
const IDLE_MS = 3_000
/** How long a process that is to give up may go on. */
const PATIENCE_MS = 2_000
/** Bytes of a blob that are worth a message. */
const NOTICE = 256 * 1024

/**
 * Unpacks layers in processes, each one at a time, as many as the machine has processors but not more than four. They
 * start with the first job and end when there has been none for a while; they never keep this process alive.
 */
export class Unpacker {
  readonly #limit = Math.min(4, Math.max(2, availableParallelism()))
  readonly #idle: UnpackProcess[] = []
  readonly #waiting: ((process: UnpackProcess) => void)[] = []
  #running = 0

  /** Starts the first process ahead of the first job, so that nobody waits for it. */
  prepare(): void {
    if (this.#running === 0) this.#release(this.#start())
  }

  /** @throws TscomposeError IMAGE_LAYER_INVALID, IMAGE_LAYER_TOO_LARGE, IMAGE_DIGEST_MISMATCH, IMAGE_UNPACK_FAILED */
  async unpack({ blob, directory, diffId, onProgress }: UnpackJob, signal: AbortSignal): Promise<Unpacked> {
    using lease = await this.#lease()
    signal.throwIfAborted()
    const { process } = lease
    let patience: NodeJS.Timeout | undefined
    const abandon = () => {
      process.tell({ type: 'abandon' })
      // It listens between two chunks only, and of a hostile archive one may take it minutes.
      patience = setTimeout(() => process.kill(), PATIENCE_MS)
    }
    signal.addEventListener('abort', abandon)
    try {
      const result = process.run({ type: 'unpack', blob: blob.path, directory, ...(diffId && { diffId }) }, onProgress)
      let told = 0
      using _ = blob.watch((size, complete) => {
        if (size - told < NOTICE && !complete) return
        told = size
        process.tell({ type: 'available', size, complete })
      })
      const message = await result
      if (message.type !== 'unpacked') throw new TypeError(`unexpected answer: ${message.type}`)
      return { size: message.size, entries: message.entries, diffId: message.diffId }
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', abandon)
      clearTimeout(patience)
    }
  }

  /** Writes a layer's archive, of what is in the upper directory of an overlay. @param job its paths are absolute */
  async pack(job: Omit<PackJob, 'type'>): Promise<{ readonly digest: Digest; readonly size: number }> {
    using lease = await this.#lease()
    const message = await lease.process.run({ type: 'pack', ...job }, () => {})
    if (message.type !== 'packed') throw new TypeError(`unexpected answer: ${message.type}`)
    return { digest: message.digest, size: message.size }
  }

  /** @returns bytes of all files in a directory */
  async measure(directory: string): Promise<number> {
    using lease = await this.#lease()
    const message = await lease.process.run({ type: 'measure', directory }, () => {})
    if (message.type !== 'measured') throw new TypeError(`unexpected answer: ${message.type}`)
    return message.size
  }

  /** Removes a directory with all that is in it. */
  async remove(directory: string): Promise<void> {
    using lease = await this.#lease()
    await lease.process.run({ type: 'remove', directory }, () => {})
  }

  async #lease(): Promise<{ readonly process: UnpackProcess } & Disposable> {
    const process = this.#idle.pop() ?? (this.#running < this.#limit ? this.#start() : await this.#next())
    process.use()
    return { process, [Symbol.dispose]: () => this.#release(process) }
  }

  #start(): UnpackProcess {
    this.#running++
    return new UnpackProcess()
  }

  #next(): Promise<UnpackProcess> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  #release(process: UnpackProcess): void {
    if (process.ended) this.#running--
    const waiting = this.#waiting.shift()
    if (waiting) waiting(process.ended ? this.#start() : process)
    if (waiting || process.ended) return
    this.#idle.push(process)
    process.rest(IDLE_MS, () => {
      this.#idle.splice(this.#idle.indexOf(process), 1)
      this.#running--
    })
  }
}
