import { containerName } from '../names.ts'
import type { Service } from '../project.ts'
import { ConditionSteps, type Started } from './conditions.ts'
import type { Convergence } from './converge.ts'
import { isAlive, type ObservedContainer } from './observed.ts'
import { type ContainerRef, refOf } from './plan.ts'
import { addStarts, type StartToAdd } from './pre-start.ts'
import type { Resources } from './resources.ts'
import { stopDependents } from './stop-dependents.ts'
import type { Planning } from './up.ts'

/** What the starts of all services have in common. */
interface Starting extends Planning {
  readonly resources: Resources
  /** The step after which all that has to be created is there. */
  readonly ready: number | undefined
  /** Those stopped because of what they depend on, and by which step. */
  readonly stops: ReadonlyMap<ObservedContainer, number>
}

/** A container that a service has in the end, and how it gets to run where it does not. */
interface Member {
  readonly container: ContainerRef
  readonly start?: StartToAdd
}

/**
 * The second half of `up`: in the order of the dependencies, waiting for their conditions, replacements take the place
 * of what they replace, and what does not run is started. Only the exchange itself stops a service.
 */
export function planStarts(
  planning: Planning,
  convergences: readonly Convergence[],
  resources: Resources,
  ready: number | undefined,
): void {
  const { plan, project, options } = planning
  const started = new Map<string, Started>()
  const conditions = new ConditionSteps(plan, started)
  const stops: Starting['stops'] = options.start ? stopDependents(plan, convergences, ready, options) : new Map()
  const starting: Starting = { ...planning, resources, ready, stops }

  for (const convergence of convergences) {
    const { service, keep, replace, create } = convergence
    const waits = options.start ? conditions.of(service) : []
    const members = [
      ...replace.map(({ container }) => planExchange(starting, service, container, waits)),
      ...create.map(number => planFirstStart(starting, service, number, waits)),
      ...keep.map(container => planKept(starting, convergence, container, waits)),
    ]
    const starts = members.flatMap(({ start }) => start ?? [])
    const goesOn = keep.some(
      ({ id, state }) => state === 'running' && !starts.some(({ container }) => container.id === id),
    )
    const steps = options.start ? addStarts(plan, service, starts, goesOn) : []
    const healthy = steps.length === 0 && keep.every(({ health }) => health === 'healthy')
    started.set(service.name, { containers: members.map(({ container }) => container), steps, healthy })
  }
  const needy = options.needsOf === undefined ? undefined : project.services[options.needsOf]
  if (needy && !options.noDeps) conditions.of(needy)
  restartReconnected(starting, convergences)
  if (options.start && options.wait) conditions.waitForAll(convergences.map(({ service }) => service))
}

/** The old one is stopped and removed only now: its place is empty for as short as can be. */
function planExchange(
  { plan, project, options, ready, stops }: Starting,
  service: Service,
  container: ObservedContainer,
  waits: readonly number[],
): Member {
  const old = { service: service.name, name: refOf(container).name, id: container.id }
  const fresh = { service: service.name, name: old.name }
  const why = 'a new one takes its place'
  const dependents = [...stops].flatMap(([{ service: name }, step]) =>
    project.services[name]?.dependsOn[service.name] ? [step] : [],
  )
  const grace = options.timeout === undefined ? {} : { timeout: options.timeout }
  const stop = { op: 'stopContainer', container: old, quiet: true, ...grace } as const
  const stopped =
    stops.get(container) ?? (isAlive(container) ? plan.add(stop, why, [ready, ...waits, ...dependents]) : undefined)
  const remove = { op: 'removeContainer', container: old, volumes: options.renewAnonymousVolumes, quiet: true } as const
  const removed = plan.add(remove, why, [stopped ?? ready, ...waits])
  const renamed = plan.add({ op: 'renameContainer', container: fresh }, 'the name is free', [removed])
  const start = { container: fresh, why: 'it takes the place of the old one', after: [renamed] }
  return { container: fresh, start }
}

function planFirstStart(
  { project, options, ready }: Starting,
  service: Service,
  number: number,
  waits: readonly number[],
): Member {
  const container = {
    service: service.name,
    name: containerName(project.name, service, number, options.separator),
  }
  return { container, start: { container, why: 'it is new', after: [ready, ...waits] } }
}

function planKept(
  { plan, options, resources, ready, stops }: Starting,
  { republish }: Convergence,
  observed: ObservedContainer,
  waits: readonly number[],
): Member {
  const { state } = observed
  const container = refOf(observed)
  const off = stops.get(observed)
  const again = resources.reconnected.get(observed)
  const published = republish.includes(observed)
    ? plan.add({ op: 'publishPorts', container }, 'only its ports have changed', [ready])
    : undefined
  const isFine = state === 'running' && off === undefined && again === undefined
  if (isFine || !options.start) {
    plan.add({ op: 'keepContainer', container, state }, isFine ? 'it is up to date and runs' : 'it is up to date')
    return { container }
  }
  const after = [ready, off, published, ...(again ?? []), ...waits]
  return { container, start: { container, why: whyStart(observed, off, again), after } }
}

function whyStart(container: ObservedContainer, off: number | undefined, again: readonly number[] | undefined): string {
  if (off !== undefined) return 'what it depends on has been replaced'
  if (again !== undefined) return 'its network has been made anew'
  return container.state === 'created' ? 'it was never started' : `it is ${container.state}`
}

/** Containers of services outside the selection that had to leave a network for a moment. */
function restartReconnected(
  { plan, observed, options, resources: { reconnected } }: Starting,
  convergences: readonly Convergence[],
): void {
  const selected = new Set(convergences.map(({ service }) => service.name))
  for (const container of observed.containers) {
    const again = reconnected.get(container)
    if (options.start && again && isAlive(container) && !selected.has(container.service))
      plan.add({ op: 'startContainer', container: refOf(container) }, 'its network has been made anew', again)
  }
}
