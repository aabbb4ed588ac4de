import type { ContainerInspect, Engine, EventMessage, LogsOptions } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { whenAborted } from '../apply/apply.ts'
import { label } from '../labels.ts'
import { LogPlace } from './place.ts'
import type { LogSource, ReadLog, ShowLine } from './show.ts'

/**
 * What containers have written and what they write from then on, as it comes; containers that start later included,
 * until all have ended.
 * @param belongs whether a service's containers are to be followed
 * @throws the signal's reason when it aborts
 */
export async function followLogs(
  engine: Engine,
  project: string,
  read: ReadLog,
  sources: readonly LogSource[],
  belongs: (service: string) => boolean,
  options: LogsOptions,
  show: ShowLine,
  signal: AbortSignal,
): Promise<void> {
  const end = new AbortController()
  const filters = { type: ['container'], event: ['start'], label: [`${label.project}=${project}`] }
  const events = await engine.systemEvents({ filters }, AbortSignal.any([end.signal, signal]))
  const following = new Following(engine, read, show)
  for (const source of sources) following.add(source, { ...options, follow: true })
  const watching = (async () => {
    try {
      for await (const event of events)
        if (isWanted(event, belongs)) following.begin(sourceOf(event), event.timeNano / 1e6)
    } catch (error) {
      if (!end.signal.aborted && !signal.aborted) throw error
    }
  })()
  watching.catch(() => {})
  using aborted = whenAborted(signal)
  try {
    await Promise.race([following.ended, aborted.promise, watching.then(() => following.ended)])
  } finally {
    end.abort()
    await watching.catch(() => {})
  }
}

const isWanted = ({ Actor: { Attributes } }: EventMessage, belongs: (service: string) => boolean): boolean =>
  Attributes[label.oneOff] !== 'True' && belongs(Attributes[label.service] ?? '')

const sourceOf = ({ Actor: { ID, Attributes } }: EventMessage): LogSource => ({ id: ID, name: Attributes.name ?? '' })

/**
 * For a run of which nothing before has been shown. An event is told some time after the program began to write, and a
 * next run may have begun since.
 */
const sinceStart = (told: number, { State }: ContainerInspect): LogsOptions => ({
  follow: true,
  since: (Math.min(told, Date.parse(State.StartedAt)) / 1000 - 0.001).toFixed(6),
})

/** The logs that are being read, each run of a container after the one before. */
class Following {
  readonly #engine: Engine
  readonly #read: ReadLog
  readonly #show: ShowLine
  /** The last run of each container that is read, or is to be. */
  readonly #last = new Map<string, Promise<void>>()
  readonly #places = new Map<string, LogPlace>()
  readonly #ended = Promise.withResolvers<void>()

  constructor(engine: Engine, read: ReadLog, show: ShowLine) {
    this.#engine = engine
    this.#read = read
    this.#show = show
    this.#ended.promise.catch(() => {})
  }

  /** Settles when no container runs any more, or is about to be started again. */
  get ended(): Promise<void> {
    if (this.#last.size === 0) this.#ended.resolve()
    return this.#ended.promise
  }

  /** The log of a container as the options say. */
  add(source: LogSource, options: LogsOptions): void {
    this.#append(source, () => this.#readRun(source, options))
  }

  /** The log of a container that has begun another run. @param told when, in milliseconds */
  begin(source: LogSource, told: number): void {
    this.#append(source, async () => {
      const place = this.#places.get(source.id)
      if (place?.time !== undefined) return await this.#readRun(source, { follow: true })
      const container = await this.#inspect(source)
      return container !== undefined && (await this.#readRun(source, sinceStart(told, container)))
    })
  }

  #append(source: LogSource, read: () => Promise<boolean>): void {
    const before = this.#last.get(source.id) ?? Promise.resolve()
    const run: Promise<void> = before.then(read).then(
      goesOn => {
        // Of a container that goes on, an event brings the next run.
        if (this.#last.get(source.id) === run && !goesOn) this.#last.delete(source.id)
        if (this.#last.size === 0) this.#ended.resolve()
      },
      error => this.#ended.reject(error),
    )
    this.#last.set(source.id, run)
  }

  /** @returns whether another run of the container follows */
  async #readRun(source: LogSource, options: LogsOptions): Promise<boolean> {
    const place = this.#places.get(source.id) ?? new LogPlace()
    this.#places.set(source.id, place)
    const lines = this.#read(source, options, place)
    for (let next = await lines.next(); ; next = await lines.next()) {
      if (next.done) return next.value && (await this.#goesOn(source))
      this.#show(next.value)
    }
  }

  async #goesOn(source: LogSource): Promise<boolean> {
    const container = await this.#inspect(source)
    return container !== undefined && (container.State.Restarting || container.State.Running)
  }

  /** @returns undefined if it has been removed */
  async #inspect({ id }: LogSource): Promise<ContainerInspect | undefined> {
    try {
      return await this.#engine.containerInspect(id)
    } catch (error) {
      if (error instanceof TscomposeError && error.code === 'ENGINE_CONTAINER_NOT_FOUND') return undefined
      throw error
    }
  }
}
