import type { WriteStream } from 'node:tty'

/** To the beginning of the line, and clear it. */
const ERASE = '\r\u001b[2K'

/**
 * A line that stays at the bottom of a terminal, below whatever anybody writes to these streams meanwhile: their `write`
 * is taken over, so that logs, progress of builds and warnings need not know of it.
 */
export class Footer implements Disposable {
  readonly #out: WriteStream
  readonly #write: WriteStream['write']
  readonly #cleanup = new DisposableStack()
  #text = ''
  /** Somebody has written half a line; the footer waits for the rest. */
  #open = false

  constructor(out: WriteStream, ...others: readonly WriteStream[]) {
    this.#out = out
    this.#write = out.write.bind(out)
    this.#cleanup.defer(() => {
      if (!this.#open) this.#write(ERASE)
    })
    for (const stream of [out, ...others]) if (stream.isTTY) this.#takeOver(stream)
    const redraw = () => this.set(this.#text)
    out.on('resize', redraw)
    this.#cleanup.defer(() => void out.off('resize', redraw))
  }

  set(text: string): void {
    this.#text = text
    if (!this.#open) this.#write(ERASE + this.#line())
  }

  [Symbol.dispose](): void {
    this.#cleanup.dispose()
  }

  #takeOver(stream: WriteStream): void {
    const write = stream.write
    stream.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
      const before = this.#open ? '' : ERASE
      this.#open = !text.endsWith('\n')
      return write.call(stream, before + text + (this.#open ? '' : this.#line()), ...rest)
    }) as WriteStream['write']
    this.#cleanup.defer(() => {
      stream.write = write
    })
  }

  /** A line that wraps could not be erased. Some terminals do not know how wide they are. */
  #line(): string {
    return `\u001b[2m${this.#text.slice(0, (this.#out.columns || 80) - 1)}\u001b[22m`
  }
}
