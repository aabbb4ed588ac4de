import type { Engine, LogsOptions } from '../../engine/api.ts'
import { isLost } from '../../engine/client/steady-engine.ts'
import { TscomposeError } from '../../errors.ts'
import { type LogLine, logLines } from './lines.ts'
import { mergeByTime } from './merge.ts'
import { LogPlace } from './place.ts'

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
 * @param place behind which it begins, and which goes along
 */
export async function* timedLines(
  engine: Engine,
  source: LogSource,
  options: LogsOptions,
  signal?: AbortSignal,
  place = new LogPlace(),
): AsyncGenerator<ShownLine> {
  const { tail, ...others } = options
  for (;;) {
    const isNew = place.resume()
    const request = place.time === undefined ? options : { ...others, since: place.time }
    try {
      for await (const line of readLines(engine, source, request, signal)) {
        if (!isNew(line.time)) continue
        place.pass(line.time)
        yield line
      }
      return
    } catch (error) {
      if (!options.follow || !isLost(error)) throw error
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
export type ReadLog = (source: LogSource, options: LogsOptions, place?: LogPlace) => AsyncGenerator<ShownLine, boolean>

export const readLog = (engine: Engine, warn: (message: string) => void, signal: AbortSignal): ReadLog =>
  async function* (source, options, place) {
    try {
      yield* timedLines(engine, source, options, signal, place)
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
