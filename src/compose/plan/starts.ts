import { containerName } from '../names.ts'
import type { Project } from '../project.ts'
import type { PlanBuilder } from './builder.ts'
import { ConditionSteps, type Started } from './conditions.ts'
import type { Convergence } from './converge.ts'
import { isAlive, type Observed, type ObservedContainer } from './observed.ts'
import { type ContainerRef, refOf } from './plan.ts'
import { addStarts, type StartToAdd } from './pre-start.ts'
import type { Resources } from './resources.ts'
import type { UpOptions } from './up.ts'

/**
 * The second half of `up`: in the order of the dependencies, waiting for their conditions, replacements take the place
 * of what they replace, and what does not run is started. Only the exchange itself stops a service.
 */
export function planStarts(
  plan: PlanBuilder,
  project: Project,
  observed: Observed,
  convergences: readonly Convergence[],
  { reconnected }: Resources,
  ready: number | undefined,
  options: UpOptions,
): void {
  const started = new Map<string, Started>()
  const conditions = new ConditionSteps(plan, started)
  const stops = options.start
    ? stopDependents(plan, convergences, ready, options)
    : new Map<ObservedContainer, number>()

  for (const { service, keep, republish, replace, create } of convergences) {
    const containers: ContainerRef[] = []
    const starts: StartToAdd[] = []
    const waits = options.start ? conditions.of(service) : []
    for (const { container } of replace) {
      const old = { service: service.name, name: refOf(container).name, id: container.id }
      const fresh = { service: service.name, name: old.name }
      const dependents = [...stops].flatMap(([{ service: name }, step]) =>
        project.services[name]?.dependsOn[service.name] ? [step] : [],
      )
      const stopped =
        stops.get(container) ??
        (isAlive(container)
          ? plan.add(
              {
                op: 'stopContainer',
                container: old,
                quiet: true,
                ...(options.timeout !== undefined && { timeout: options.timeout }),
              },
              'a new one takes its place',
              [ready, ...waits, ...dependents],
            )
          : undefined)
      const removed = plan.add(
        { op: 'removeContainer', container: old, volumes: options.renewAnonymousVolumes, quiet: true },
        'a new one takes its place',
        [stopped ?? ready, ...waits],
      )
      const renamed = plan.add({ op: 'renameContainer', container: fresh }, 'the name is free', [removed])
      containers.push(fresh)
      starts.push({ container: fresh, why: 'it takes the place of the old one', after: [renamed] })
    }
    for (const number of create) {
      const ref = { service: service.name, name: containerName(project.name, service, number, options.separator) }
      containers.push(ref)
      starts.push({ container: ref, why: 'it is new', after: [ready, ...waits] })
    }
    for (const container of keep) {
      const ref = refOf(container)
      containers.push(ref)
      const off = stops.get(container)
      const again = reconnected.get(container)
      const published = republish.includes(container)
        ? plan.add({ op: 'publishPorts', container: ref }, 'only its ports have changed', [ready])
        : undefined
      if (container.state === 'running' && off === undefined && again === undefined)
        plan.add({ op: 'keepContainer', container: ref, state: container.state }, 'it is up to date and runs')
      else if (options.start)
        starts.push({
          container: ref,
          why: whyStart(container, off, again),
          after: [ready, off, published, ...(again ?? []), ...waits],
        })
      else plan.add({ op: 'keepContainer', container: ref, state: container.state }, 'it is up to date')
    }
    const goesOn = keep.some(
      ({ id, state }) => state === 'running' && !starts.some(({ container }) => container.id === id),
    )
    const steps = options.start ? addStarts(plan, service, starts, goesOn) : []
    const healthy = steps.length === 0 && keep.every(({ health }) => health === 'healthy')
    started.set(service.name, { containers, steps, healthy })
  }
  const needy = options.needsOf === undefined ? undefined : project.services[options.needsOf]
  if (needy && !options.noDeps) conditions.of(needy)
  restartReconnected(plan, observed, convergences, reconnected, options)
  if (options.start && options.wait) conditions.waitForAll(convergences.map(({ service }) => service))
}

function whyStart(container: ObservedContainer, off: number | undefined, again: readonly number[] | undefined): string {
  if (off !== undefined) return 'what it depends on has been replaced'
  if (again !== undefined) return 'its network has been made anew'
  return container.state === 'created' ? 'it was never started' : `it is ${container.state}`
}

/** Containers of services outside the selection that had to leave a network for a moment. */
function restartReconnected(
  plan: PlanBuilder,
  observed: Observed,
  convergences: readonly Convergence[],
  reconnected: ReadonlyMap<ObservedContainer, readonly number[]>,
  { start }: UpOptions,
): void {
  const selected = new Set(convergences.map(({ service }) => service.name))
  for (const container of observed.containers) {
    const again = reconnected.get(container)
    if (start && again && isAlive(container) && !selected.has(container.service))
      plan.add({ op: 'startContainer', container: refOf(container) }, 'its network has been made anew', again)
  }
}

/**
 * Stops what depends with `restart: true` on something that is replaced, before it is; what is stopped so counts as
 * restarted for its own dependents.
 */
function stopDependents(
  plan: PlanBuilder,
  convergences: readonly Convergence[],
  ready: number | undefined,
  { timeout }: UpOptions,
): Map<ObservedContainer, number> {
  const disturbed = new Set(convergences.filter(({ replace }) => replace.length > 0).map(({ service }) => service.name))
  const affected: { readonly container: ObservedContainer; readonly cause: string; readonly quiet: boolean }[] = []
  for (const { service, keep, replace } of convergences) {
    const cause = Object.entries(service.dependsOn).find(([name, { restart }]) => restart && disturbed.has(name))?.[0]
    if (cause === undefined) continue
    const kept = keep.map(container => ({ container, cause, quiet: false }))
    const replaced = replace.map(({ container }) => ({ container, cause, quiet: true }))
    const running = [...kept, ...replaced].filter(({ container }) => isAlive(container))
    if (running.length > 0) disturbed.add(service.name)
    affected.push(...running)
  }
  const stops = new Map<ObservedContainer, number>()
  const dependsOn = new Map(convergences.map(({ service }) => [service.name, service.dependsOn]))
  for (const { container, cause, quiet } of affected.reverse()) {
    const dependents = [...stops].flatMap(([{ service }, step]) =>
      dependsOn.get(service)?.[container.service] ? [step] : [],
    )
    const step = {
      op: 'stopContainer',
      container: refOf(container),
      quiet,
      ...(timeout !== undefined && { timeout }),
    } as const
    stops.set(container, plan.add(step, `"${cause}", on which it depends, is replaced`, [ready, ...dependents]))
  }
  return stops
}
