import { TscomposeError } from '../../errors.ts'
import { containerName } from '../names.ts'
import type { Project, ProjectVolume, Service } from '../project.ts'
import { dependenciesOf, inDependencyOrder, selectServices, serviceOf } from '../select.ts'
import { PlanBuilder } from './builder.ts'
import { type Convergence, converge } from './converge.ts'
import { divergence, onlyPortsDiffer, sharedServices } from './diverged.ts'
import { guestsOf, isStranded } from './guests.ts'
import { inheritedVolumes } from './inherit.ts'
import { isAlive, type Observed, type ObservedContainer } from './observed.ts'
import { findOrphans, orphanWarning, whyOrphan } from './orphans.ts'
import { type Plan, refOf } from './plan.ts'
import { divergedVolumes, planNetwork, planVolume, type Resources, usedNetworks, usedVolumes } from './resources.ts'
import { planStarts } from './starts.ts'

export type RecreatePolicy = 'diverged' | 'force' | 'never'

export interface UpOptions {
  /** The services named on the command line; none: all. */
  readonly services: readonly string[]
  readonly noDeps: boolean
  /** `run`: all that this service needs, but no container of its own. */
  readonly needsOf?: string
  readonly recreate: RecreatePolicy
  readonly recreateDependencies: RecreatePolicy
  readonly renewAnonymousVolumes: boolean
  readonly orphans: 'remove' | 'warn' | 'ignore'
  /** Numbers of containers other than the file's. */
  readonly scale: Readonly<Record<string, number>>
  readonly start: boolean
  /** Ends with a wait until everything runs and is healthy. */
  readonly wait: boolean
  /** Seconds of grace instead of the services' own. */
  readonly timeout?: number
  /** Volumes to make anew, by key, since their definition has changed; what is in them is lost. */
  readonly recreateVolumes: readonly string[]
  readonly allResources: boolean
  /** In names of containers: `-`, or `_`. */
  readonly separator: string
}

export const upDefaults: UpOptions = {
  services: [],
  noDeps: false,
  recreate: 'diverged',
  recreateDependencies: 'diverged',
  renewAnonymousVolumes: false,
  orphans: 'warn',
  scale: {},
  start: true,
  wait: false,
  recreateVolumes: [],
  allResources: false,
  separator: '-',
}

/** What every phase of the planning looks at, and the plan that it adds to. */
export interface Planning {
  readonly plan: PlanBuilder
  readonly project: Project
  readonly observed: Observed
  readonly options: UpOptions
}

/**
 * What `up` and `create` do to get from what is there to what the file says. Everything is created before anything is
 * started or replaced: a mistake that shows on creation leaves what runs as it was.
 */
export function planUp(project: Project, observed: Observed, options: UpOptions): Plan {
  const plan = new PlanBuilder()
  const planning: Planning = { plan, project, observed, options }
  const chosen = inDependencyOrder(selectServices(project.services, options.services, { alone: options.noDeps }))
  for (const name of Object.keys(options.scale)) serviceOf(project.services, name)
  if (!options.noDeps) for (const service of chosen) dependenciesOf(project.services, service)

  const gone = planOrphans(planning)
  const { remade, evicted } = planRemadeVolumes(planning, chosen)
  const { selected, convergences } = convergeAll(planning, chosen, evicted)

  const resources: Resources = { networks: new Map(), volumes: new Map(), reconnected: new Map() }
  const leaving = new Set(
    convergences.flatMap(({ replace, remove }) => [...replace, ...remove].map(item => item.container)),
  )
  for (const network of usedNetworks(project, selected, options.allResources))
    planNetwork(plan, project, network, observed, leaving, resources)
  for (const volume of usedVolumes(project, selected, options.allResources))
    planVolume(plan, project, volume, observed, remade.includes(volume) ? [...evicted.values()] : undefined, resources)

  // Each container as soon as what it needs is there.
  const created = new Map<string, readonly number[]>()
  for (const convergence of convergences) {
    const { service, remove, rename } = convergence
    for (const { container, why } of remove) gone.push(stopAndRemove(plan, container, why, options.timeout))
    for (const container of rename)
      plan.add({ op: 'renameContainer', container: refOf(container) }, 'an interrupted command has left it so', gone)
    const needs = [
      ...Object.keys(service.networks).map(key => resources.networks.get(key)),
      ...service.volumes.map(({ source = '' }) => resources.volumes.get(source)),
      ...sharedServices(project, service).flatMap(name => created.get(name) ?? []),
      // A fixed name has to be free again.
      ...(service.containerName === undefined ? [] : gone),
    ]
    created.set(service.name, planCreations(planning, convergence, needs))
  }
  const ready = plan.join('containers', 'everything has been created before anything starts', [
    ...[...created.values()].flat(),
    ...gone,
    ...[...resources.reconnected.values()].flat(),
  ])
  planStarts(planning, convergences, resources, ready)
  return plan.build()
}

/** @returns the steps after which the orphans are gone */
function planOrphans({ plan, project, observed, options }: Planning): number[] {
  const orphans = findOrphans(project, observed)
  if (options.orphans === 'remove')
    return orphans.map(orphan => stopAndRemove(plan, orphan, whyOrphan(orphan), options.timeout))
  if (options.orphans === 'warn' && orphans.length > 0) plan.warn(orphanWarning(orphans))
  return []
}

/** Volumes to be made anew, and the containers that use them, which go first, with the steps that remove them. */
function planRemadeVolumes({ plan, project, observed, options }: Planning, selected: readonly Service[]) {
  const diverged = divergedVolumes(project, observed, selected)
  const remade = diverged.filter(({ key }) => options.recreateVolumes.includes(key))
  for (const volume of diverged) if (!remade.includes(volume)) plan.warn(keptVolume(volume))
  const evicted = new Map<ObservedContainer, number>()
  for (const container of ofProject(observed))
    if (remade.some(({ name }) => container.volumes.some(volume => volume.name === name)))
      evicted.set(container, stopAndRemove(plan, container, 'its volume is made anew', options.timeout))
  return { remade, evicted }
}

/** @returns the selected services and their guests, with what becomes of their containers */
function convergeAll(
  planning: Planning,
  selected: readonly Service[],
  evicted: ReadonlyMap<ObservedContainer, number>,
): { readonly selected: readonly Service[]; readonly convergences: readonly Convergence[] } {
  const convergences = convergeSelected(planning, selected, evicted)
  const guests = guestsOf(planning.project, planning.observed, convergences, selected)
  if (guests.length === 0) return { selected, convergences }
  return convergeAll(planning, inDependencyOrder([...selected, ...guests]), evicted)
}

/** For each service which containers it keeps, replaces, removes and gets; in the order of dependencies. */
function convergeSelected(
  { project, observed, options }: Planning,
  selected: readonly Service[],
  evicted: ReadonlyMap<ObservedContainer, number>,
): readonly Convergence[] {
  const named = new Set(selectServices(project.services, options.services, { alone: true }).map(({ name }) => name))
  const replacedServices = new Set<string>()
  return selected
    .filter(({ name }) => name !== options.needsOf)
    .map(service => {
      const policy = named.has(service.name) ? options.recreate : options.recreateDependencies
      const existing = ofProject(observed).filter(
        container => container.service === service.name && !evicted.has(container),
      )
      const convergence = converge(service, existing, expectedNumber(project, service, options), container => {
        if (policy !== 'diverged') return policy === 'force' ? 'recreation was asked for' : undefined
        const shared = sharedServices(project, service).find(name => replacedServices.has(name))
        return (
          divergence(project, service, container, observed) ??
          (isStranded(project, service, container, observed)
            ? 'the container in whose network it lives is gone'
            : undefined) ??
          (shared && `it shares something of service "${shared}", which is replaced`)
        )
      })
      if (convergence.replace.length + convergence.create.length > 0) replacedServices.add(service.name)
      const republish =
        policy === 'diverged' ? convergence.keep.filter(container => onlyPortsDiffer(service, container)) : []
      return { ...convergence, republish }
    })
}

/** @returns the steps that create the containers of a service */
function planCreations(
  { plan, project, observed, options }: Planning,
  { service, replace, create }: Convergence,
  needs: readonly (number | undefined)[],
): readonly number[] {
  const replacements = replace.map(({ container, why }) =>
    plan.add(
      {
        op: 'createContainer',
        service: service.name,
        number: container.number,
        name: refOf(container).name,
        replaces: { id: container.id, name: container.name },
        inherits: options.renewAnonymousVolumes ? [] : inheritedVolumes(project, service, container, observed),
      },
      why,
      needs,
    ),
  )
  const additions = create.map(number => {
    const name = containerName(project.name, service, number, options.separator)
    const why =
      number === 1 ? 'the service has no container' : `it is one of ${expectedNumber(project, service, options)}`
    return plan.add({ op: 'createContainer', service: service.name, number, name, inherits: [] }, why, needs)
  })
  return [...replacements, ...additions]
}

const ofProject = (observed: Observed): ObservedContainer[] => observed.containers.filter(({ oneOff }) => !oneOff)

/** How many containers the service shall have. @throws TscomposeError COMPOSE_SCALE: several under one fixed name */
function expectedNumber(project: Project, service: Service, { scale }: UpOptions): number {
  const expected = scale[service.name] ?? service.replicas
  if (expected > 1 && service.containerName !== undefined) {
    const where = project.origins.get(`services.${service.name}.container_name`)
    throw new TscomposeError(
      'COMPOSE_SCALE',
      `service "${service.name}" has the container_name "${service.containerName}", so it cannot have ${expected} containers`,
      { ...(where && { where }), fix: 'Take container_name away to scale the service.' },
    )
  }
  return expected
}

const keptVolume = ({ name }: ProjectVolume): string =>
  `volume "${name}" exists but doesn't match configuration in compose file: it stays as it is`

function stopAndRemove(
  plan: PlanBuilder,
  container: ObservedContainer,
  why: string,
  timeout: number | undefined,
): number {
  const ref = { service: container.service, name: container.name, id: container.id }
  const stopped = isAlive(container)
    ? plan.add({ op: 'stopContainer', container: ref, quiet: false, ...(timeout !== undefined && { timeout }) }, why)
    : undefined
  return plan.add({ op: 'removeContainer', container: ref, volumes: false, quiet: false }, why, [stopped])
}
