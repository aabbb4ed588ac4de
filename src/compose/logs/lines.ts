import type { Readable } from 'node:stream'
import { decodeFrames } from '../../engine/stream-frames.ts'

export type OutputStream = 'stdout' | 'stderr'
export interface LogLine {
  readonly stream: OutputStream
  /** Without its end of line. */
  readonly text: string
}

/** Cuts what comes in chunks into lines; a last line needs no end. Empty lines are lines. */
export class LineSplitter {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = chunk.subarray(start, end)
      lines.push((this.#rest.length > 0 ? Buffer.concat([this.#rest, line]) : line).toString())
      this.#rest = Buffer.alloc(0)
      start = end + 1
    }
    if (start < chunk.length) this.#rest = Buffer.concat([this.#rest, chunk.subarray(start)])
    return lines
  }

  end(): string[] {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest.length > 0 ? [rest.toString()] : []
  }
}

/** The lines of a container's log. @param tty the log of a terminal is one raw stream, any other comes in frames */
export async function* logLines(log: Readable, tty: boolean): AsyncGenerator<LogLine> {
  const splitters = { stdout: new LineSplitter(), stderr: new LineSplitter() }
  if (tty)
    for await (const chunk of log)
      for (const text of splitters.stdout.push(chunk)) yield { stream: 'stdout', text: text.replace(/\r$/, '') }
  else
    for await (const { stream, payload } of decodeFrames(log)) {
      const name = stream === 'stderr' ? 'stderr' : 'stdout'
      for (const text of splitters[name].push(payload)) yield { stream: name, text }
    }
  for (const stream of ['stdout', 'stderr'] as const) for (const text of splitters[stream].end()) yield { stream, text }
}
