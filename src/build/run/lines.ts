import type { Duplex } from 'node:stream'

/** A line that a program has written, without its end. */
export type OnLine = (stream: 'stdout' | 'stderr', line: string) => void

const HEADER = 8
/** What has no end by then is told as a line of its own, so that no program fills the memory. */
const LONGEST = 64 * 1024

/**
 * Tells the lines of a program's output, which comes in the frames of `RunningProcess.attach`. A carriage return ends a
 * line, too: programs draw progress bars with it.
 */
export async function tellLines(output: Duplex, onLine: OnLine): Promise<void> {
  const unfinished = { stdout: '', stderr: '' }
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  const hear = (stream: 'stdout' | 'stderr', payload: Buffer) => {
    const text = unfinished[stream] + decoders[stream].decode(payload, { stream: true })
    const lines = text.split(/\r?\n|\r(?!$)/)
    const rest = lines.pop() ?? ''
    for (const line of lines) onLine(stream, line)
    if (rest.length > LONGEST) onLine(stream, rest)
    unfinished[stream] = rest.length > LONGEST ? '' : rest
  }
  let pending: Buffer = Buffer.alloc(0)
  for await (const chunk of output as AsyncIterable<Buffer>) {
    pending = pending.length > 0 ? Buffer.concat([pending, chunk]) : chunk
    while (pending.length >= HEADER) {
      const end = HEADER + pending.readUInt32BE(4)
      if (pending.length < end) break
      hear(pending[0] === 2 ? 'stderr' : 'stdout', pending.subarray(HEADER, end))
      pending = pending.subarray(end)
    }
  }
  for (const stream of ['stdout', 'stderr'] as const)
    if (unfinished[stream] !== '') onLine(stream, unfinished[stream].replace(/\r$/, ''))
}
