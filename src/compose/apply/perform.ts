import type { Engine } from '../../engine/api.ts'
import { type ErrorCode, TscomposeError } from '../../errors.ts'
import { readContents } from '../contents.ts'
import { missingFiles } from '../missing-files.ts'
import { imageKey, imageName } from '../names.ts'
import type { Observed } from '../plan/observed.ts'
import type { ContainerRef, CreateContainer, Planned, Step } from '../plan/plan.ts'
import type { Hook, Project, Service } from '../project.ts'
import { containerRequest } from '../translate/container.ts'
import { endpoint } from '../translate/endpoints.ts'
import { hashLabels } from '../translate/labels.ts'
import { exposedPorts, portBindings } from '../translate/ports.ts'
import { networkRequest, volumeRequest } from '../translate/resources.ts'
import type { ContainerEvents } from './events.ts'
import { inService } from './failures.ts'
import { type HookOutput, runHooks } from './hooks.ts'
import { ignoring } from './ignoring.ts'
import { runPreStart } from './pre-start.ts'
import type { Report } from './report.ts'
import { reported } from './reported.ts'
import { pullImage, pushImage } from './transfer.ts'
import { type Removal, users } from './users.ts'
import { waitFor } from './wait.ts'

export interface PerformContext {
  readonly engine: Engine
  readonly observed: Observed
  /** Absent for commands on a project whose file was not read: they create nothing and know no hooks. */
  readonly project?: Project
  readonly events?: ContainerEvents
  readonly report: Report
  readonly warn: (message: string) => void
  readonly hookOutput: HookOutput
  /** Awaited before each start of a container. */
  readonly prepare?: (container: { readonly id: string; readonly service: string }) => Promise<void>
  /** Whether stopping runs `pre_stop`; where `up` replaces or removes a container, it does not. */
  readonly preStop: boolean
}

/** The effect of each kind of step. Knows the ids of what was created on the way. */
export class Performer {
  readonly #context: PerformContext
  /** By final name. */
  readonly #created = new Map<string, string>()
  readonly #firstOf = new Map<string, string>()

  constructor(context: PerformContext) {
    this.#context = context
  }

  /** The id of a container that a step names. */
  idOf({ id, name }: ContainerRef): string {
    return id ?? this.#created.get(name) ?? name
  }

  readonly perform = async ({ step }: Planned, signal: AbortSignal): Promise<void> => {
    try {
      await this.#perform(step, signal)
    } catch (error) {
      if (signal.aborted && error === signal.reason) throw error
      this.#report(step, 'Error', 'error')
      throw inService(error, step, this.#context.project)
    }
  }

  async #perform(step: Step, signal: AbortSignal): Promise<void> {
    const { engine } = this.#context
    switch (step.op) {
      case 'checkpoint':
        return
      case 'pullImage':
        return this.#transfer(step, () => pullImage(this.#context.engine, step, this.#context.report, signal), signal)
      case 'pushImage':
        return this.#transfer(step, () => pushImage(this.#context.engine, step, this.#context.report, signal), signal)
      case 'createNetwork':
        return this.#between(step, 'Creating', 'Created', () => this.#createNetwork(step.key))
      case 'removeNetwork':
        return this.#removeShared(step, 'ENGINE_NETWORK_IN_USE', 'ENGINE_NETWORK_NOT_FOUND', () =>
          engine.networkDelete(step.id),
        )
      case 'connectNetwork':
        return this.#connect(step)
      case 'disconnectNetwork':
        return ignoring(['ENGINE_NETWORK_NOT_FOUND'], () =>
          engine.networkDisconnect(step.name, this.idOf(step.container), true),
        )
      case 'createVolume':
        return this.#between(step, 'Creating', 'Created', () => this.#createVolume(step.key))
      case 'removeVolume':
        return this.#removeShared(step, 'ENGINE_VOLUME_IN_USE', 'ENGINE_VOLUME_NOT_FOUND', () =>
          engine.volumeDelete(step.name),
        )
      case 'removeImage':
        return this.#removeShared(step, 'ENGINE_IMAGE_IN_USE', 'ENGINE_IMAGE_NOT_FOUND', async () => {
          await engine.imageDelete(step.name)
        })
      case 'createContainer':
        this.#report(step, step.replaces ? 'Recreate' : 'Creating', 'working')
        await this.#create(step)
        if (!step.replaces) this.#report(step, 'Created', 'done')
        return
      case 'renameContainer':
        await engine.containerRename(this.idOf(step.container), step.container.name)
        return this.#report(step, 'Recreated', 'done')
      case 'keepContainer':
        return this.#report(step, step.state === 'running' ? 'Running' : 'Created', 'done')
      case 'publishPorts':
        return this.#between(step, 'Publishing', 'Published', () => this.#publish(step.container))
      case 'runPreStart':
        return this.#runPreStart(step, signal)
      case 'startContainer':
        return this.#between(step, 'Starting', 'Started', async () => {
          const id = this.idOf(step.container)
          await this.#context.prepare?.({ id, service: step.container.service })
          await engine.containerStart(id)
          await this.#runHooks(step.container, ({ postStart }) => postStart)
        })
      case 'restartContainer':
        return this.#between(step, 'Restarting', 'Started', async () => {
          await this.#runPreStop(step.container)
          await engine.containerRestart(this.idOf(step.container), grace(step))
          await this.#runHooks(step.container, ({ postStart }) => postStart)
        })
      case 'stopContainer':
        return this.#between(step, 'Stopping', 'Stopped', () => this.#stop(step.container, grace(step)))
      case 'killContainer':
        return this.#between(step, 'Killing', 'Killed', () =>
          engine.containerKill(this.idOf(step.container), step.signal),
        )
      case 'pauseContainer':
        return this.#between(step, 'Pausing', 'Paused', () => engine.containerPause(this.idOf(step.container)))
      case 'unpauseContainer':
        return this.#between(step, 'Unpausing', 'Unpaused', () => engine.containerUnpause(this.idOf(step.container)))
      case 'removeContainer':
        return this.#between(step, 'Removing', 'Removed', () =>
          ignoring(['ENGINE_CONTAINER_NOT_FOUND'], () =>
            engine.containerDelete(this.idOf(step.container), { volumes: step.volumes }),
          ),
        )
      case 'waitFor':
        return this.#waitFor(step, signal)
    }
  }

  #report(step: Step, text: string, status: 'working' | 'done' | 'warning' | 'error', details?: string): void {
    if ('quiet' in step && step.quiet) return
    const [kind, names] = reported(step)
    for (const name of names)
      this.#context.report({ id: `${kind} ${name}`, text, status, ...(details !== undefined && { details }) })
  }

  async #between(step: Step, before: string, after: string, act: () => Promise<void>): Promise<void> {
    this.#report(step, before, 'working')
    await act()
    this.#report(step, after, 'done')
  }

  /** Somebody else may use it: that is no failure. */
  async #removeShared(step: Removal, inUse: ErrorCode, gone: ErrorCode, remove: () => Promise<void>): Promise<void> {
    this.#report(step, 'Removing', 'working')
    try {
      await ignoring([gone], remove)
      this.#report(step, 'Removed', 'done')
    } catch (error) {
      if (!(error instanceof TscomposeError && error.code === inUse)) throw error
      this.#report(step, 'Resource is still in use', 'warning', await users(this.#context.engine, step))
    }
  }

  get #project(): Project {
    const { project } = this.#context
    if (!project) throw new Error('a plan that creates something needs the project')
    return project
  }

  #service(name: string): Service {
    const service = this.#project.services[name]
    if (!service) throw new Error(`the plan names service "${name}", which the project does not have`)
    return service
  }

  async #createNetwork(key: string): Promise<void> {
    const network = this.#project.networks[key]
    // Two commands may make it at the same time.
    if (network)
      await ignoring(['ENGINE_NETWORK_EXISTS'], async () => {
        await this.#context.engine.networkCreate(networkRequest(this.#project, network))
      })
  }

  async #publish(container: ContainerRef): Promise<void> {
    const service = this.#service(container.service)
    const Publish = {
      PortBindings: portBindings(service),
      ExposedPorts: exposedPorts(service),
      Labels: hashLabels(service),
    }
    await this.#context.engine.containerUpdate(this.idOf(container), { Publish })
  }

  async #createVolume(key: string): Promise<void> {
    const volume = this.#project.volumes[key]
    if (volume) await this.#context.engine.volumeCreate(volumeRequest(this.#project, volume))
  }

  async #connect({ name, key, container }: Extract<Step, { op: 'connectNetwork' }>): Promise<void> {
    const service = this.#service(container.service)
    const settings = endpoint(
      { project: this.#project, service, name: container.name, containerOf: this.#containerOf },
      key,
      { main: Object.keys(service.networks).length === 1 },
    )
    await this.#context.engine.networkConnect(name, this.idOf(container), settings)
  }

  /** The container of another service whose namespaces or volumes a container uses: its first. */
  readonly #containerOf = (service: string): string => {
    const existing = this.#context.observed.containers.find(
      container => container.service === service && !container.oneOff,
    )
    const id = this.#firstOf.get(service) ?? existing?.id
    if (id === undefined)
      throw new TscomposeError('COMPOSE_NO_CONTAINER', `service "${service}", which is to be shared, has no container`)
    return id
  }

  async #create({ service: serviceName, number, name, replaces, inherits }: CreateContainer): Promise<void> {
    const { engine, observed } = this.#context
    const project = this.#project
    const service = this.#service(serviceName)
    const image = imageName(project, service)
    const contents = readContents(project, service)
    for (const warning of missingFiles(service)) this.#context.warn(`service "${serviceName}": ${warning}`)
    const request = containerRequest({
      project,
      service,
      name,
      number,
      inherits,
      imageId: observed.images[imageKey(image, service)]?.id ?? '',
      containerOf: this.#containerOf,
      ...contents,
      ...(replaces && { replaces: name }),
    })
    const temporary = replaces ? `${replaces.id.slice(0, 12)}_${name}` : name
    const { Id, Warnings } = await engine.containerCreate(temporary, request, service.platform)
    for (const warning of Warnings) this.#context.warn(`${name}: ${warning}`)
    this.#created.set(name, Id)
    if (!this.#firstOf.has(serviceName)) this.#firstOf.set(serviceName, Id)
  }

  async #stop(container: ContainerRef, options: { timeout?: number }): Promise<void> {
    if (this.#context.preStop) await this.#runPreStop(container)
    await ignoring(['ENGINE_CONTAINER_NOT_FOUND'], async () => {
      await this.#context.engine.containerStop(this.idOf(container), options)
    })
  }

  /** What has gone or ended meanwhile has nothing to say any more. */
  #runPreStop(container: ContainerRef): Promise<void> {
    return ignoring(['ENGINE_CONTAINER_NOT_FOUND', 'ENGINE_CONTAINER_NOT_RUNNING'], () =>
      this.#runHooks(container, ({ preStop }) => preStop),
    )
  }

  async #runHooks(container: ContainerRef, which: (service: Service) => readonly Hook[]): Promise<void> {
    const service = this.#context.project?.services[container.service]
    const hooks = service ? which(service) : []
    if (hooks.length > 0)
      await runHooks(
        this.#context.engine,
        { id: this.idOf(container), name: container.name },
        hooks,
        this.#context.hookOutput,
      )
  }

  async #runPreStart({ service: name, index, container }: Extract<Step, { op: 'runPreStart' }>, signal: AbortSignal) {
    const { engine, observed, hookOutput } = this.#context
    const service = this.#service(name)
    const image = service.preStart[index]?.image ?? imageName(this.#project, service)
    const contents = readContents(this.#project, service)
    await runPreStart(
      engine,
      { project: this.#project, service, index, container: { id: this.idOf(container), name: container.name } },
      { ...contents, containerOf: this.#containerOf, imageId: observed.images[imageKey(image, service)]?.id ?? '' },
      hookOutput,
      signal,
    )
  }

  async #transfer(
    step: Extract<Step, { op: 'pullImage' | 'pushImage' }>,
    transfer: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await transfer()
    } catch (error) {
      if (step.required || signal.aborted) throw error
      this.#report(step, 'Warning', 'warning', (error as Error).message)
    }
  }

  async #waitFor(step: Extract<Step, { op: 'waitFor' }>, signal: AbortSignal): Promise<void> {
    const { engine, events } = this.#context
    if (!events) throw new Error('a plan that waits needs the events')
    this.#report(step, 'Waiting', 'working')
    try {
      await waitFor(
        engine,
        events,
        step,
        step.containers.map(container => this.idOf(container)),
        signal,
      )
      this.#report(step, step.condition === 'service_completed_successfully' ? 'Exited' : 'Healthy', 'done')
    } catch (error) {
      if (!step.optional || signal.aborted) throw error
      this.#report(step, `Skipped: ${(error as Error).message}`, 'warning')
      this.#context.warn(`optional dependency "${step.service}" failed to start: ${(error as Error).message}`)
    }
  }
}

const grace = ({ timeout }: { readonly timeout?: number }): { timeout?: number } =>
  timeout === undefined ? {} : { timeout }
