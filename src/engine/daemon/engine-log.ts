import { copyFileSync, fstatSync, ftruncateSync } from 'node:fs'

/** Standard error of the engine, as a descriptor. */
const STDERR = 2

/**
 * Bounds the file that standard output and standard error of this process go to: beyond `limit` bytes it becomes
 * `FILE.1`, and begins anew. They must have been opened for appending. What is written past Node (by V8, for its last
 * words) lands in the same file.
 */
export function boundLog(file: string, limit = 2 ** 20): void {
  if (!fstatSync(STDERR).isFile()) return
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
    stream.write = (...args: unknown[]) => {
      if (fstatSync(STDERR).size > limit) {
        copyFileSync(file, `${file}.1`)
        ftruncateSync(STDERR)
      }
      return write(...args)
    }
  }
}

/** Writes a line with the time to the log. */
export function log(message: string): void {
  process.stderr.write(`${new Date().toISOString()} ${message}\n`)
}

/** An error with its stack and what caused it, as one entry. */
export const inFull = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return [error.stack ?? error.message, ...within(error).map(inner => `caused by: ${inFull(inner)}`)].join('\n')
}

function within(error: Error): unknown[] {
  if (error instanceof AggregateError) return error.errors
  if (error instanceof SuppressedError) return [error.suppressed, error.error]
  return error.cause === undefined ? [] : [error.cause]
}
