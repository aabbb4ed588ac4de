import { setTimeout as delay } from 'node:timers/promises'
import type { Engine, EventMessage } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { label } from '../labels.ts'
import { observeContainers } from '../observe.ts'
import { LogPlace } from './place.ts'
import { type LogSource, type ShowLine, timedLines } from './show.ts'

export interface ContainerExit extends LogSource {
  readonly service: string
  readonly code: number
  /** Its restart policy starts it again. */
  readonly restarting: boolean
}

export interface AttachOptions {
  /** The services `up` watches over: their exits are told, and count. */
  readonly watched: (service: string) => boolean
  /** Those whose output is shown. */
  readonly shown: (service: string) => boolean
  readonly show: ShowLine
  readonly exited: (exit: ContainerExit) => void
  readonly recreated: (name: string) => void
}

/** Events come over a connection of their own: so late they may be, but never are. */
const eventDelayMs = 2000

interface Watched extends LogSource {
  readonly service: string
  /** Settles with the end of the output. */
  output: Promise<void>
  /** How far its log has been shown, of all its runs. */
  readonly place: LogPlace
  /** `ending`: it has ended, and what it wrote last is still being shown. */
  phase: 'running' | 'ending' | 'over'
}

/**
 * Shows what a project's containers write from the moment they start, and tells when they end. It listens before
 * anything is started, so nothing is lost; a container's last line is shown before its exit is told.
 */
export class Attachment implements AsyncDisposable {
  readonly #engine: Engine
  readonly #project: string
  readonly #options: AttachOptions
  readonly #watched = new Map<string, Watched>()
  readonly #awaited = new Map<string, () => void>()
  readonly #end = new AbortController()
  #allEnded = silent()
  readonly #since = seconds(Date.now())
  #complete = false
  #listening: Promise<void> = Promise.resolve()

  static async open(engine: Engine, project: string, options: AttachOptions): Promise<Attachment> {
    const attachment = new Attachment(engine, project, options)
    const filters = { type: ['container'], event: ['start', 'die', 'destroy'], label: [`${label.project}=${project}`] }
    const events = await engine.systemEvents({ filters }, attachment.#end.signal)
    attachment.#listening = attachment.#listen(events)
    return attachment
  }

  private constructor(engine: Engine, project: string, options: AttachOptions) {
    this.#engine = engine
    this.#project = project
    this.#options = options
  }

  /**
   * Everything that is to be started has been: also watches what ran before, and from now on ends with the last
   * container.
   */
  async complete(): Promise<void> {
    const containers = await observeContainers(this.#engine, this.#project)
    for (const { id, name, service, state, oneOff } of containers) {
      if (oneOff || !this.#options.watched(service) || this.#watched.has(id)) continue
      // A short-lived container may have come and gone before the events told of it: they will.
      if (await this.#startedMeanwhile(id)) await Promise.race([this.#seen(id), delay(eventDelayMs)])
      else if (state === 'running') this.#begin({ id, name, service })
    }
    this.#complete = true
    this.#checkEnd()
  }

  async #startedMeanwhile(id: string): Promise<boolean> {
    const { State } = await this.#engine.containerInspect(id)
    return Date.parse(State.StartedAt) >= Number(this.#since) * 1000
  }

  /** Settles when an event has told of the container. */
  #seen(id: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#watched.has(id)) resolve()
    else this.#awaited.set(id, resolve)
    return promise
  }

  /**
   * Settles when all watched containers have ended, and what they wrote has been shown. When one begins anew after that,
   * the end is another one.
   */
  get allEnded(): Promise<void> {
    return this.#allEnded.promise
  }

  async #listen(events: AsyncIterable<EventMessage>): Promise<void> {
    try {
      for await (const { Action, Actor } of events) {
        const { name = '', exitCode = '0', [label.service]: service = '', [label.oneOff]: oneOff } = Actor.Attributes
        if (oneOff === 'True') continue
        const known = this.#watched.get(Actor.ID)
        if (Action === 'start') this.#begin({ id: Actor.ID, name, service })
        else if (known?.phase === 'running') void this.#over(known, Number(exitCode), Action === 'destroy')
      }
      if (!this.#end.signal.aborted) throw new TscomposeError('COMPOSE_ENGINE_GONE', 'the engine has ended')
    } catch (error) {
      if (!this.#end.signal.aborted) this.#allEnded.reject(error)
    }
  }

  #begin({ id, name, service }: LogSource & { service: string }): void {
    if (!this.#options.watched(service)) return
    const before = this.#watched.get(id)
    for (const other of this.#watched.values())
      if (other.name === name && other.id !== id) {
        this.#watched.delete(other.id)
        this.#options.recreated(name)
      }
    const { output, place } = before ?? { output: Promise.resolve(), place: new LogPlace() }
    const watched: Watched = { id, name, service, phase: 'running', output, place }
    if (this.#isOver) this.#allEnded = silent()
    this.#watched.set(id, watched)
    this.#awaited.get(id)?.()
    if (this.#options.shown(service)) watched.output = watched.output.then(() => this.#showOutput(watched))
  }

  /** Of a run after the first, what comes behind all that has been shown. */
  async #showOutput({ place, ...source }: Watched): Promise<void> {
    try {
      const request = { follow: true, since: this.#since }
      const lines = timedLines(this.#engine, source, request, this.#end.signal, place)
      for await (const line of lines) this.#options.show(line)
    } catch (error) {
      // Removed while it was read: its end is told by its own event.
      if (!(error instanceof TscomposeError && error.code === 'ENGINE_CONTAINER_NOT_FOUND'))
        this.#allEnded.reject(error)
    }
  }

  async #over(watched: Watched, code: number, removed: boolean): Promise<void> {
    watched.phase = 'ending'
    await watched.output
    const restarting = !removed && (await this.#restarts(watched))
    this.#options.exited({ id: watched.id, name: watched.name, service: watched.service, code, restarting })
    watched.phase = restarting ? 'running' : 'over'
    this.#checkEnd()
  }

  async #restarts({ id }: LogSource): Promise<boolean> {
    try {
      const { State } = await this.#engine.containerInspect(id)
      return State.Restarting || State.Running
    } catch {
      return false
    }
  }

  #checkEnd(): void {
    if (this.#isOver) this.#allEnded.resolve()
  }

  get #isOver(): boolean {
    return this.#complete && [...this.#watched.values()].every(({ phase }) => phase === 'over')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#listening
    await Promise.all([...this.#watched.values()].map(({ output }) => output))
  }
}

/** A promise that nobody may be waiting for yet when it is rejected. */
function silent(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>()
  resolvers.promise.catch(() => {})
  return resolvers
}

/** @param milliseconds @returns Unix seconds, a little early: the clock of the log is finer than ours */
const seconds = (milliseconds: number): string => (milliseconds / 1000 - 0.001).toFixed(6)
