import type { Engine, LogsOptions } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { whenAborted } from '../apply/apply.ts'
import { label } from '../labels.ts'
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

export interface ShowOptions {
  readonly follow: boolean
  readonly since?: string
  readonly until?: string
  readonly tail?: string
}

/** A container's log with the time of each line taken off it. */
export async function* timedLines(
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

/**
 * What containers have written, in the order they wrote it; with `follow`, what they write from then on as it comes,
 * containers that start later included, until all have ended or `signal` aborts.
 * @param warn told of containers whose log cannot be read
 */
export async function showLogs(
  engine: Engine,
  project: string,
  sources: readonly LogSource[],
  belongs: (service: string) => boolean,
  options: ShowOptions,
  show: ShowLine,
  warn: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const request = logsRequest(options)
  const readable = async function* (source: LogSource, since?: string) {
    try {
      yield* timedLines(engine, source, since === undefined ? request : { ...request, since, tail: 'all' }, signal)
    } catch (error) {
      if (!(error instanceof TscomposeError)) throw error
      warn(`Can't retrieve logs for "${source.name}": ${error.message}`)
    }
  }
  if (!options.follow) {
    for await (const line of mergeByTime(sources.map(source => readable(source)))) show(line)
    return
  }

  const following = new Map<string, Promise<void>>()
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => {})
  const last = new Map<string, string>()
  const follow = (source: LogSource, since?: string) => {
    const read = async () => {
      for await (const line of readable(source, since)) {
        last.set(source.id, line.time)
        show(line)
      }
    }
    following.set(
      source.id,
      read()
        .catch(failure.reject)
        .finally(() => following.delete(source.id)),
    )
  }
  const end = new AbortController()
  const filters = { type: ['container'], event: ['start'], label: [`${label.project}=${project}`] }
  const events = await engine.systemEvents({ filters }, AbortSignal.any([end.signal, signal]))
  const watch = (async () => {
    try {
      for await (const { Actor, timeNano } of events) {
        const { name = '' } = Actor.Attributes
        const wanted = Actor.Attributes[label.oneOff] !== 'True' && belongs(Actor.Attributes[label.service] ?? '')
        // One that starts again: what it wrote before has been shown.
        if (wanted && !following.has(Actor.ID)) follow({ id: Actor.ID, name }, (timeNano / 1e9 - 0.001).toFixed(6))
      }
    } catch (error) {
      if (!end.signal.aborted && !signal.aborted) throw error
    }
  })()
  for (const source of sources) follow(source)
  using aborted = whenAborted(signal)
  try {
    while (following.size > 0) await Promise.race([Promise.all(following.values()), aborted.promise, failure.promise])
  } finally {
    end.abort()
    await watch
  }
}

function logsRequest({ follow, since, until, tail }: ShowOptions): LogsOptions {
  return {
    ...(follow && { follow }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(tail !== undefined && { tail }),
  }
}
