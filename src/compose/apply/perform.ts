import { type ErrorCode, TscomposeError } from '../../errors.ts'
import { readContents } from '../contents.ts'
import type { ContainerRef, Planned, Step } from '../plan/plan.ts'
import type { Hook, Service } from '../project.ts'
import { Creations, type CreationsContext } from './creations.ts'
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

export interface PerformContext extends CreationsContext {
  readonly events?: ContainerEvents
  readonly report: Report
  readonly hookOutput: HookOutput
  /** Awaited before each start of a container. */
  readonly prepare?: (container: { readonly id: string; readonly service: string }) => Promise<void>
  /** Whether stopping runs `pre_stop`; where `up` replaces or removes a container, it does not. */
  readonly preStop: boolean
}

/** The effect of each kind of step. */
export class Performer {
  readonly #context: PerformContext
  readonly #creations: Creations

  constructor(context: PerformContext) {
    this.#context = context
    this.#creations = new Creations(context)
  }

  /** The id of a container that a step names. */
  idOf(container: ContainerRef): string {
    return this.#creations.idOf(container)
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
        return this.#between(step, 'Creating', 'Created', () => this.#creations.network(step.key))
      case 'removeNetwork':
        return this.#removeShared(step, 'ENGINE_NETWORK_IN_USE', 'ENGINE_NETWORK_NOT_FOUND', () =>
          engine.networkDelete(step.id),
        )
      case 'connectNetwork':
        return this.#creations.connection(step)
      case 'disconnectNetwork':
        return ignoring(['ENGINE_NETWORK_NOT_FOUND'], () =>
          engine.networkDisconnect(step.name, this.idOf(step.container), true),
        )
      case 'createVolume':
        return this.#between(step, 'Creating', 'Created', () => this.#creations.volume(step.key))
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
        await this.#creations.container(step)
        if (!step.replaces) this.#report(step, 'Created', 'done')
        return
      case 'renameContainer':
        await engine.containerRename(this.idOf(step.container), step.container.name)
        return this.#report(step, 'Recreated', 'done')
      case 'keepContainer':
        return this.#report(step, step.state === 'running' ? 'Running' : 'Created', 'done')
      case 'publishPorts':
        return this.#between(step, 'Publishing', 'Published', () => this.#creations.ports(step.container))
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
    const { engine, hookOutput } = this.#context
    const { project, containerOf } = this.#creations
    const service = this.#creations.service(name)
    await runPreStart(
      engine,
      { project, service, index, container: { id: this.idOf(container), name: container.name } },
      {
        ...readContents(project, service),
        containerOf,
        imageId: this.#creations.imageId(service, service.preStart[index]?.image),
      },
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
