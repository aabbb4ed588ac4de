import { setTimeout as delay } from 'node:timers/promises'
import { TscomposeError } from '../errors.ts'
import { whenAborted } from './apply/apply.ts'
import { Attachment, type ContainerExit } from './logs/attach.ts'
import type { ShowLine } from './logs/show.ts'
import { containerName } from './names.ts'
import { observe, observeContainers } from './observe.ts'
import { carryOut, type PrepareContainer, type Surroundings } from './operation.ts'
import { planStop } from './plan/lifecycle.ts'
import { isAlive } from './plan/observed.ts'
import type { Project, Service } from './project.ts'
import { isProvided } from './providers/providers.ts'
import { selectServices, serviceOf } from './select.ts'
import { type BringUpOptions, bringUp } from './up.ts'

export interface AttachedOptions extends BringUpOptions {
  /** Show only these; none: all that are watched. */
  readonly attach: readonly string[]
  readonly noAttach: readonly string[]
  readonly attachDependencies: boolean
  /** What makes the rest stop: any end of a container, or one with another code than 0. */
  readonly abortOn?: 'exit' | 'failure'
  /** The service whose exit code is the command's. */
  readonly exitCodeFrom?: string
  /** What carries changes of files into the containers. */
  readonly watch?: WatchOptions
}

export interface WatchOptions {
  readonly prepare?: PrepareContainer
  /** Begun when everything is up. The command goes on for it, also when all have ended; what that is worth it decides. */
  readonly run: (signal: AbortSignal, allEnded: () => Promise<void>) => Promise<void>
}

/** Where `up` in the foreground talks to, and who may interrupt it. */
export interface Foreground {
  /** The names of the containers to be shown, before anything of them is. */
  readonly register: (names: readonly string[]) => void
  readonly shortName: (name: string) => string
  readonly show: ShowLine
  /** A line about containers, on stdout. */
  readonly say: (line: string) => void
  /** Everything is up. */
  readonly isUp: () => Promise<void>
  /** A line about what the command does now, on stderr. */
  readonly note: (line: string) => void
  /** The user has lost patience with a graceful stop. */
  readonly forced: AbortSignal
  /** The user wants to go, and the containers to stay as they are. */
  readonly detached?: AbortSignal
}

/** How long exits are waited for that must come, once everything is stopped. */
const drainMs = 2000

/**
 * Brings a project up, shows what its containers write, and ends when all have ended, or with the first that ends if
 * so asked. An interrupt stops the services given to the command, in order; containers stay. Who detaches stops none.
 * @returns the exit code
 */
export async function upAttached(
  surroundings: Surroundings,
  project: Project,
  options: AttachedOptions,
  foreground: Foreground,
): Promise<number> {
  const { engine, signal } = surroundings
  const targeted = contained(selectServices(project.services, options.services, { alone: true }))
  const started = new Set(contained(selectServices(project.services, options.services, { alone: options.noDeps })))
  const { watched, shown } = audience(project, { targeted, started }, options)
  if (options.exitCodeFrom !== undefined && !started.has(options.exitCodeFrom))
    throw new TscomposeError('COMPOSE_SERVICE_UNKNOWN', `no such service: ${options.exitCodeFrom}`)

  const codes = new Map<string, number>()
  const aborting = new AbortController()
  let cause: ContainerExit | undefined
  const exited = (exit: ContainerExit) => {
    const { name, service, code, restarting } = exit
    foreground.say(`${foreground.shortName(name)} exited with code ${code}${restarting ? ' (restarting)' : ''}`)
    if (restarting) return
    if (!codes.has(service)) codes.set(service, code)
    if (cause || signal.aborted || options.abortOn === undefined || (options.abortOn === 'failure' && code === 0))
      return
    cause = exit
    aborting.abort()
  }
  await using attachment = await Attachment.open(engine, project.name, {
    watched: service => watched.has(service),
    shown: service => shown.has(service),
    show: foreground.show,
    exited,
    recreated: name => foreground.say(`${foreground.shortName(name)} has been recreated`),
  })
  const until = AbortSignal.any([signal, aborting.signal])
  const announce = once(async () => {
    await surroundings.end?.(false)
    const names = containerNames(project, shown, options)
    foreground.register(names)
    foreground.say(`Attaching to ${names.map(foreground.shortName).join(', ')}`)
  })
  try {
    const prepare = options.watch?.prepare && { prepare: options.watch.prepare }
    await bringUp({ ...surroundings, ...prepare, signal: until, beforeStart: announce }, project, options)
    await announce()
    await foreground.isUp()
    await attachment.complete()
    const leaving = AbortSignal.any([until, ...(foreground.detached ? [foreground.detached] : [])])
    using left = whenAborted(leaving)
    // Containers that are replaced end, too.
    const ended = options.watch?.run(leaving, () => attachment.allEnded) ?? attachment.allEnded
    await Promise.race([ended, left.promise])
  } catch (error) {
    if (foreground.detached?.aborted) return 0
    if (!until.aborted) throw error
  }

  if (until.aborted) {
    foreground.note(cause ? 'Aborting on container exit...' : 'Gracefully Stopping... press Ctrl+C again to force')
    await stopServices(surroundings, project, targeted, options, foreground.forced)
    await attachment.complete()
    await Promise.race([attachment.allEnded, delay(drainMs)])
    if (!cause) return 130
  }
  // A dependency is not stopped with the rest, and has no code then.
  return (options.exitCodeFrom === undefined ? undefined : codes.get(options.exitCodeFrom)) ?? cause?.code ?? 0
}

/** The names of those that have containers. */
const contained = (services: readonly Service[]): string[] =>
  services.filter(service => !isProvided(service)).map(({ name }) => name)

/** Whose exits count, and whose output is shown. */
function audience(
  project: Project,
  { targeted, started }: { readonly targeted: readonly string[]; readonly started: ReadonlySet<string> },
  options: AttachedOptions,
) {
  const watched = options.attachDependencies ? started : new Set(targeted)
  const strangers = options.attach.filter(name => !started.has(name))
  if (strangers.length > 0)
    throw new TscomposeError(
      'COMPOSE_SERVICE_UNKNOWN',
      `cannot attach to services not included in up: ${strangers.join(', ')}`,
    )
  const shown = new Set(options.attach)
  if (options.attach.length === 0)
    for (const name of watched) if (project.services[name]?.attach && !options.noAttach.includes(name)) shown.add(name)
  return { watched: new Set([...watched, ...shown]), shown }
}

function containerNames(project: Project, services: ReadonlySet<string>, options: AttachedOptions): string[] {
  return [...services].sort().flatMap(name => {
    const service = serviceOf(project.services, name)
    const count = options.scale[name] ?? service.replicas
    return Array.from({ length: count }, (_, i) => containerName(project.name, service, i + 1, options.separator))
  })
}

/** The stop at the end of `up`: with grace periods and hooks, and without when the user insists. */
async function stopServices(
  surroundings: Surroundings,
  project: Project,
  services: readonly string[],
  { timeout }: Pick<AttachedOptions, 'timeout'>,
  forced: AbortSignal,
): Promise<void> {
  const { engine } = surroundings
  const observed = await observe(engine, project.name)
  const plan = planStop(project.services, observed, { services, ...(timeout !== undefined && { timeout }) })
  const kill = async () => {
    const containers = await observeContainers(engine, project.name)
    const alive = containers.filter(container => isAlive(container) && services.includes(container.service))
    await Promise.allSettled(alive.map(({ id }) => engine.containerKill(id, 'SIGKILL')))
  }
  const onForce = () => void kill()
  forced.addEventListener('abort', onForce, { once: true })
  if (forced.aborted) onForce()
  try {
    const operation = { name: project.name, project, observed, keepGoing: true, preStop: true }
    await carryOut({ ...surroundings, signal: new AbortController().signal }, operation, plan)
  } finally {
    forced.removeEventListener('abort', onForce)
  }
}

const once = <T>(act: () => Promise<T>): (() => Promise<T>) => {
  let result: Promise<T> | undefined
  return () => {
    result ??= act()
    return result
  }
}
