import { TscomposeError } from '../../errors.ts'
import type { Hook } from '../project.ts'
import { inDependencyOrder, type Ordered, selectServices, serviceOf } from '../select.ts'
import { PlanBuilder } from './builder.ts'
import { ConditionSteps, type Started } from './conditions.ts'
import { byNumber, isAlive, type Observed, type ObservedContainer } from './observed.ts'
import { type ContainerRef, type Plan, refOf } from './plan.ts'
import { addStarts } from './pre-start.ts'

/** A service as far as starting and stopping what exists goes: from the file, or from the labels of its containers. */
export interface LifecycleService extends Ordered {
  readonly replicas: number
  /** Known where there is a file. */
  readonly preStart?: readonly Hook[]
}
export type Lifecycle = Readonly<Record<string, LifecycleService>>

export interface StopOptions {
  readonly services: readonly string[]
  /** Seconds of grace instead of the containers' own. */
  readonly timeout?: number
}

const containersOf = (observed: Observed, service: string): ObservedContainer[] =>
  observed.containers.filter(container => container.service === service && !container.oneOff).sort(byNumber)

/** Stops dependents before what they depend on; a failure does not keep the others from being stopped. */
export function planStop(services: Lifecycle, observed: Observed, options: StopOptions): Plan {
  const plan = new PlanBuilder()
  const stops = new Map<string, number[]>()
  const selected = inDependencyOrder(selectServices(services, options.services, { alone: true }))
  for (const service of selected.reverse()) {
    const after = dependentsOf(service.name, selected).flatMap(dependent => stops.get(dependent) ?? [])
    const running = containersOf(observed, service.name).filter(isAlive)
    // A service without running containers still stands between its dependents and its dependencies.
    stops.set(
      service.name,
      running.length === 0
        ? after
        : running.map(container => addStop(plan, container, 'it runs', after, options.timeout)),
    )
  }
  return plan.build()
}

export const dependentsOf = (name: string, services: readonly Ordered[]): string[] =>
  services.filter(({ dependsOn }) => name in dependsOn).map(({ name }) => name)

export function addStop(
  plan: PlanBuilder,
  container: ObservedContainer,
  why: string,
  after: readonly number[],
  timeout: number | undefined,
): number {
  return plan.add(
    { op: 'stopContainer', container: refOf(container), quiet: false, ...(timeout !== undefined && { timeout }) },
    why,
    after,
    { tolerant: true },
  )
}

export interface StartOptions {
  readonly services: readonly string[]
  readonly wait: boolean
}

/**
 * Starts what exists, dependencies first and with their conditions; creates nothing.
 * @throws TscomposeError COMPOSE_NO_CONTAINER for a service that should have one
 */
export function planStart(services: Lifecycle, observed: Observed, { services: names, wait }: StartOptions): Plan {
  const plan = new PlanBuilder()
  const started = new Map<string, Started>()
  const conditions = new ConditionSteps(plan, started)
  const selected = inDependencyOrder(selectServices(services, names))
  for (const service of selected) {
    const containers = containersOf(observed, service.name)
    if (containers.length === 0 && service.replicas > 0)
      throw new TscomposeError('COMPOSE_NO_CONTAINER', `service "${service.name}" has no container to start`, {
        fix: `Create it: tscompose up ${service.name}`,
      })
    const waits = conditions.of(service)
    const starts = containers
      .filter(({ state }) => state !== 'running')
      .map(container => ({ container: refOf(container), why: `it is ${container.state}`, after: waits }))
    const steps = addStarts(plan, service, starts, containers.length > starts.length)
    const healthy = steps.length === 0 && containers.every(({ health }) => health === 'healthy')
    started.set(service.name, { containers: containers.map(refOf), steps, healthy })
  }
  if (wait) conditions.waitForAll(selected)
  return plan.build()
}

export interface RestartOptions extends StopOptions {
  readonly noDeps: boolean
}

/**
 * Restarts containers in place, and what depends on them with `restart: true`; a dependent after its dependency, once
 * its condition is met again.
 */
export function planRestart(services: Lifecycle, observed: Observed, options: RestartOptions): Plan {
  const plan = new PlanBuilder()
  const restarting: Record<string, LifecycleService> = {}
  const include = (name: string): void => {
    if (name in restarting) return
    const service = serviceOf(services, name)
    const dependsOn = Object.entries(service.dependsOn).filter(([, { restart }]) => restart && !options.noDeps)
    restarting[name] = { ...service, dependsOn: Object.fromEntries(dependsOn) }
    if (options.noDeps) return
    for (const dependent of Object.values(services)) if (dependent.dependsOn[name]?.restart) include(dependent.name)
  }
  for (const name of options.services.length > 0 ? options.services : Object.keys(services)) include(name)

  const restarted = new Map<string, Started>()
  const conditions = new ConditionSteps(plan, restarted)
  for (const service of inDependencyOrder(Object.values(restarting))) {
    const waits = conditions.of(service)
    const cause = Object.keys(service.dependsOn).find(name => restarted.has(name))
    const named = options.services.length === 0 || options.services.includes(service.name)
    const why = named ? 'a restart was asked for' : `"${cause}", on which it depends, is restarted`
    const containers = containersOf(observed, service.name)
    const { timeout } = options
    const steps = containers.map(container =>
      plan.add(
        { op: 'restartContainer', container: refOf(container), ...(timeout !== undefined && { timeout }) },
        why,
        waits,
      ),
    )
    restarted.set(service.name, { containers: containers.map(refOf), steps, healthy: false })
  }
  return plan.build()
}

/** Kills what runs; with `orphans`, also takes away what belongs to no service any more. */
export function planKill(
  services: Lifecycle,
  observed: Observed,
  names: readonly string[],
  signal: string,
  orphans: readonly ObservedContainer[],
): Plan {
  const plan = new PlanBuilder()
  const kill = (container: ObservedContainer) =>
    plan.add({ op: 'killContainer', container: refOf(container), signal }, `it is ${container.state}`)
  // One-off containers, too: somebody who kills wants to see no process any more.
  for (const { name } of selectServices(services, names, { alone: true }))
    for (const container of observed.containers) if (container.service === name && isAlive(container)) kill(container)
  for (const container of orphans) {
    const killed = isAlive(container) ? kill(container) : undefined
    const step = { op: 'removeContainer', container: refOf(container), volumes: false, quiet: false } as const
    plan.add(step, 'its service is not in the file', [killed])
  }
  return plan.build()
}

/** One operation on each container that fits, with no order among them: pause, unpause. */
export function planEach(
  services: Lifecycle,
  observed: Observed,
  names: readonly string[],
  fits: (container: ObservedContainer) => boolean,
  step: (container: ContainerRef) => Parameters<PlanBuilder['add']>[0],
): Plan {
  const plan = new PlanBuilder()
  for (const service of selectServices(services, names, { alone: true }))
    for (const container of containersOf(observed, service.name).filter(fits))
      plan.add(step(refOf(container)), `it is ${container.state}`)
  return plan.build()
}
