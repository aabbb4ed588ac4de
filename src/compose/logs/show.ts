import type { Engine, LogsOptions } from '../../engine/api.ts'
import { isLost } from '../../engine/client/steady-engine.ts'
import { TscomposeError } from '../../errors.ts'
import { type LogLine, logLines } from './lines.ts'
import { mergeByTime } from './merge.ts'

export interface LogSource {
  readonly id: string
  readonly name: string
}

export interface ShownLine extends LogLine {
  readonly container: string
  /** RFC 3339 with nanoseconds. */
  readonly time: string
}
export type ShowLine = (line: ShownLine) => void

/**
 * A container's log with the time of each line taken off it. Where the engine ends while a log is followed, it goes on
 * with the next one, behind the last line.
 */
export async function* timedLines(
  engine: Engine,
  source: LogSource,
  options: LogsOptions,
  signal?: AbortSignal,
): AsyncGenerator<ShownLine> {
  let last = ''
  for (let rest = options; ; ) {
    try {
      for await (const line of readLines(engine, source, rest, signal)) {
        if (line.time <= last && rest !== options) continue
        last = line.time
        yield line
      }
      return
    } catch (error) {
      if (!options.follow || !isLost(error)) throw error
      const { tail, ...others } = options
      rest = last === '' ? { ...options } : { ...others, since: last }
    }
  }
}

async function* readLines(
  engine: Engine,
  { id, name }: LogSource,
  options: LogsOptions,
  signal?: AbortSignal,
): AsyncGenerator<ShownLine> {
  const { Config } = await engine.containerInspect(id)
  const log = await engine.containerLogs(id, { ...options, stdout: true, stderr: true, timestamps: true })
  const abort = () => void log.destroy()
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  try {
    for await (const { stream, text } of logLines(log, Config.Tty === true)) {
      const space = text.indexOf(' ')
      yield { container: name, stream, time: text.slice(0, space), text: text.slice(space + 1) }
    }
  } catch (error) {
    // Destroyed by us: that is how following ends.
    if (!signal?.aborted) throw error
  } finally {
    signal?.removeEventListener('abort', abort)
    log.destroy()
  }
}

/** A log that cannot be read is told, and is no failure. @returns whether it could be read to its end */
export type ReadLog = (source: LogSource, options: LogsOptions) => AsyncGenerator<ShownLine, boolean>

export const readLog = (engine: Engine, warn: (message: string) => void, signal: AbortSignal): ReadLog =>
  async function* (source, options) {
    try {
      yield* timedLines(engine, source, options, signal)
      return true
    } catch (error) {
      if (!(error instanceof TscomposeError) || error.code === 'ENGINE_STOPPED') throw error
      warn(`Can't retrieve logs for "${source.name}": ${error.message}`)
      return false
    }
  }

/** What containers have written, in the order they wrote it. */
export async function showLogs(
  read: ReadLog,
  sources: readonly LogSource[],
  options: LogsOptions,
  show: ShowLine,
): Promise<void> {
  for await (const line of mergeByTime(sources.map(source => read(source, options)))) show(line)
}
