import type { Engine } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { runHooks } from '../apply/hooks.ts'
import { observe, observeContainers } from '../observe.ts'
import { carryOut, type Surroundings } from '../operation.ts'
import { planRestart } from '../plan/lifecycle.ts'
import type { ObservedContainer } from '../plan/observed.ts'
import type { Project } from '../project.ts'
import type { RuleChanges, Watching } from './batches.ts'
import type { WatchRule } from './rules.ts'
import { syncInto } from './sync.ts'

export interface SessionOptions {
  /** A line about what is done. */
  readonly say: (line: string) => void
  /** Builds the images of these services, and replaces their containers. */
  readonly rebuild: (services: readonly string[], signal: AbortSignal) => Promise<void>
}

/**
 * Carries what changes into the containers until the signal aborts. Something that fails is told, and watching goes on.
 */
export async function watchSession(
  surroundings: Surroundings,
  project: Project,
  watching: Watching,
  options: SessionOptions,
): Promise<void> {
  const session = new Session(surroundings, project, options)
  options.say('Watch enabled')
  for await (const batch of watching.batches(surroundings.signal)) await session.handle(batch)
}

type Batch = readonly RuleChanges[]

class Session {
  readonly #surroundings: Surroundings
  readonly #project: Project
  readonly #options: SessionOptions

  constructor(surroundings: Surroundings, project: Project, options: SessionOptions) {
    this.#surroundings = surroundings
    this.#project = project
    this.#options = options
  }

  async handle(batch: Batch): Promise<void> {
    const { signal } = this.#surroundings
    // A service that is built anew gets everything else with its image.
    const rebuilt = servicesWith(batch, 'rebuild')
    const rest = batch.filter(({ rule }) => !rebuilt.includes(rule.service))
    await this.#trying(() => this.#sync(rest))
    await this.#trying(() =>
      this.#restart([...new Set([...servicesWith(rest, 'restart'), ...servicesWith(rest, 'sync+restart')])]),
    )
    for (const { rule } of rest) if (rule.exec) await this.#trying(() => this.#exec(rule))
    if (rebuilt.length > 0)
      await this.#trying(async () => {
        this.#options.say(`Rebuilding service(s) ${quoted(rebuilt)} after changes were detected...`)
        await this.#options.rebuild(rebuilt, signal)
        this.#options.say(`service(s) ${quoted(rebuilt)} successfully built`)
      })
  }

  async #sync(batch: Batch): Promise<void> {
    const synced = batch.filter(({ rule }) => rule.target !== undefined && rule.action.startsWith('sync'))
    for (const [service, changes] of Map.groupBy(synced, ({ rule }) => rule.service)) {
      const count = changes.reduce((sum, { changed, removed }) => sum + changed.length + removed.length, 0)
      if (count === 0) continue
      this.#options.say(`Syncing service "${service}" after ${count} changes were detected`)
      const containers = await containersOf(this.#surroundings.engine, this.#project, service)
      await Promise.all(
        containers.map(async ({ id }) => {
          for (const change of changes) await syncInto(this.#surroundings.engine, id, change)
        }),
      )
    }
  }

  async #restart(services: readonly string[]): Promise<void> {
    if (services.length === 0) return
    const { engine } = this.#surroundings
    const observed = await observe(engine, this.#project.name)
    const plan = planRestart(this.#project.services, observed, { services, noDeps: true })
    const operation = { name: this.#project.name, project: this.#project, observed, preStop: true }
    await carryOut(this.#surroundings, operation, plan)
    this.#options.say(`service(s) ${quoted(services)} restarted`)
  }

  async #exec({ service, exec }: WatchRule): Promise<void> {
    const { engine, hookOutput } = this.#surroundings
    for (const container of await containersOf(engine, this.#project, service))
      if (container.state === 'running' && exec) await runHooks(engine, container, [exec], hookOutput)
  }

  async #trying(act: () => Promise<void>): Promise<void> {
    const { signal } = this.#surroundings
    if (signal.aborted) return
    try {
      await act()
    } catch (error) {
      if (signal.aborted) return
      const all = error instanceof AggregateError ? error.errors : [error]
      for (const each of all)
        if (each instanceof TscomposeError) this.#options.say(each.message)
        else throw error
    }
  }
}

const servicesWith = (batch: Batch, action: WatchRule['action']): string[] => [
  ...new Set(batch.flatMap(({ rule }) => (rule.action === action ? [rule.service] : []))),
]

const quoted = (services: readonly string[]): string => `[${services.map(name => `"${name}"`).join(' ')}]`

/** Every replica of a service that runs. */
async function containersOf(engine: Engine, { name }: Project, service: string): Promise<ObservedContainer[]> {
  const containers = await observeContainers(engine, name)
  return containers.filter(
    container => container.service === service && !container.oneOff && container.state !== 'created',
  )
}
