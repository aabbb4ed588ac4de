import { TscomposeError } from '../../errors.ts'
import { tryLockProject } from '../lock.ts'
import { observeContainers } from '../observe.ts'
import type { PrepareContainer, Surroundings } from '../operation.ts'
import type { Project } from '../project.ts'
import { selectServices } from '../select.ts'
import { Watching } from './batches.ts'
import { type WatchRule, watchRules } from './rules.ts'
import { type SessionOptions, watchSession } from './session.ts'
import { syncInto } from './sync.ts'

/**
 * Watches the files of a project's services from the moment it is opened, so that nothing is missed between bringing
 * the project up and carrying changes into it.
 */
export class ProjectWatch implements AsyncDisposable {
  readonly #project: Project
  readonly #rules: readonly WatchRule[]
  readonly #watching: Watching
  readonly #resources: AsyncDisposableStack
  readonly #prepared = new Set<string>()
  readonly #engine: Surroundings['engine']

  /**
   * @param services those named on the command line; none: all
   * @throws TscomposeError COMPOSE_WATCH_LOCKED, COMPOSE_WATCH_NOTHING, COMPOSE_WATCH_FAILED
   */
  static async open(
    { engine, warn }: Pick<Surroundings, 'engine' | 'warn'>,
    project: Project,
    { services, runDir }: { readonly services: readonly string[]; readonly runDir: string },
  ): Promise<ProjectWatch> {
    await using resources = new AsyncDisposableStack()
    const lock = await tryLockProject({ runDir, project: project.name, purpose: 'watch' })
    if (!lock)
      throw new TscomposeError(
        'COMPOSE_WATCH_LOCKED',
        `cannot take exclusive lock for project "${project.name}": another command watches it`,
      )
    resources.use(lock)
    const rules = await watchRules(project, selectServices(project.services, services, { alone: true }), warn)
    const watching = resources.use(await Watching.open(rules))
    return new ProjectWatch(project, rules, watching, resources.move(), engine)
  }

  private constructor(
    project: Project,
    rules: readonly WatchRule[],
    watching: Watching,
    resources: AsyncDisposableStack,
    engine: Surroundings['engine'],
  ) {
    this.#project = project
    this.#rules = rules
    this.#watching = watching
    this.#resources = resources
    this.#engine = engine
  }

  /** Brings a container up to date before its program starts, where the file wants that (`initial_sync`). */
  readonly prepare: PrepareContainer = async ({ id, service }) => {
    this.#prepared.add(id)
    for (const rule of this.#initial)
      if (rule.service === service) await syncInto(this.#engine, id, this.#watching.everything(rule))
  }

  /** Carries changes into the containers until the signal of the surroundings aborts. */
  async run(surroundings: Surroundings, options: SessionOptions): Promise<void> {
    await this.#catchUp()
    await watchSession(surroundings, this.#project, this.#watching, options)
  }

  get #initial(): readonly WatchRule[] {
    return this.#rules.filter(({ initialSync, target }) => initialSync && target !== undefined)
  }

  /** Containers that ran before get all files now. */
  async #catchUp(): Promise<void> {
    if (this.#initial.length === 0) return
    const containers = await observeContainers(this.#engine, this.#project.name)
    await Promise.all(
      containers
        .filter(({ id, oneOff, state }) => !oneOff && state === 'running' && !this.#prepared.has(id))
        .map(this.prepare),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }
}
