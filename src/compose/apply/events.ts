import type { Engine, EventMessage } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { label } from '../labels.ts'

/** Events that can change what a wait decides. Those of probes and other execs come by the hundred, and cannot. */
const relevant = (action: string): boolean =>
  ['start', 'restart', 'die', 'stop', 'kill', 'destroy', 'pause', 'unpause'].includes(action) ||
  action.startsWith('health_status')

/**
 * Tells the changes of a project's containers to those who wait for them. The subscription stands before anything is
 * started, so no change is missed and nobody has to look again and again.
 */
export class ContainerEvents implements AsyncDisposable {
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #end = new AbortController()
  #reading: Promise<void> = Promise.resolve()

  static async subscribe(engine: Engine, project: string): Promise<ContainerEvents> {
    const events = new ContainerEvents()
    const filters = { type: ['container'], label: [`${label.project}=${project}`] }
    events.#reading = events.#read(await engine.systemEvents({ filters }, events.#end.signal))
    events.#reading.catch(() => {})
    return events
  }

  /** The next change of any of these containers after this call. */
  next(ids: readonly string[]): { readonly changed: Promise<void>; [Symbol.dispose](): void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const id of ids) this.#listeners.set(id, (this.#listeners.get(id) ?? new Set()).add(resolve))
    const changed = Promise.race([promise, this.#reading.then(() => promise)])
    changed.catch(() => {})
    return {
      changed,
      [Symbol.dispose]: () => {
        for (const id of ids) this.#listeners.get(id)?.delete(resolve)
      },
    }
  }

  async #read(stream: AsyncIterable<EventMessage>): Promise<void> {
    try {
      for await (const { Action, Actor } of stream)
        if (relevant(Action)) for (const listener of this.#listeners.get(Actor.ID) ?? []) listener()
    } catch (error) {
      if (!this.#end.signal.aborted) throw error
    }
    if (!this.#end.signal.aborted) throw new TscomposeError('COMPOSE_ENGINE_GONE', 'the engine has ended')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#reading.catch(() => {})
  }
}
