import { addAbortListener } from 'node:events'
import { type FSWatcher, watch } from 'node:fs'
import { LogCursor } from './log-cursor.ts'
import { convertRecords, type LogSelection, type LogStyle } from './log-format.ts'

export interface LogOptions extends LogSelection, LogStyle {
  /** Only the last so many records, before the other choices. */
  readonly tail?: number
  /** Goes on with what is written until this settles, as `exited` of a process does. */
  readonly follow?: Promise<unknown>
}

/**
 * The log that the monitor writes in `stateDir`, from all its files, as `docker logs` sends it: pieces of many lines.
 * Rotation meanwhile loses nothing that is still there when its turn comes.
 * @throws the reason of `signal` when that aborts
 */
export async function* readLog(stateDir: string, options: LogOptions, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const { tail, follow } = options
  using changes = follow && new Changes(stateDir, follow, signal)
  await using cursor = await LogCursor.open(stateDir, { tail, endless: changes !== undefined })
  for (;;) {
    // Looked at before reading: what is written while this reads would be missed otherwise.
    const ended = changes?.ended ?? true
    changes?.rearm()
    for (let read = await cursor.read(); read; read = await cursor.read()) {
      signal?.throwIfAborted()
      const { output, consumed, done } = convertRecords(read.bytes, read.end, options, options)
      cursor.consume(consumed)
      if (output.length > 0) yield output
      if (done) return
    }
    if (ended) return
    await changes?.next
    signal?.throwIfAborted()
  }
}

/** When there may be something new: the directory has changed, or it is over. */
class Changes implements Disposable {
  ended = false
  #next = Promise.withResolvers<void>()
  readonly #signal: AbortSignal | undefined
  readonly #watcher: FSWatcher
  readonly #abort: Disposable | undefined

  constructor(directory: string, over: Promise<unknown>, signal: AbortSignal | undefined) {
    this.#signal = signal
    this.#watcher = watch(directory, () => this.#next.resolve())
    this.#abort = signal && addAbortListener(signal, () => this.#next.resolve())
    const end = () => {
      this.ended = true
      this.#next.resolve()
    }
    over.then(end, end)
  }

  get next(): Promise<void> {
    return this.#next.promise
  }

  rearm(): void {
    this.#next = Promise.withResolvers()
    if (this.ended || this.#signal?.aborted) this.#next.resolve()
  }

  [Symbol.dispose](): void {
    this.#watcher.close()
    this.#abort?.[Symbol.dispose]()
  }
}
