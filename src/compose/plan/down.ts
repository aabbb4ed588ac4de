import { label } from '../labels.ts'
import { imageName, isRootfsImage } from '../names.ts'
import type { Project } from '../project.ts'
import { inDependencyOrder, selectServices } from '../select.ts'
import { PlanBuilder } from './builder.ts'
import { addStop, dependentsOf, type Lifecycle, type LifecycleService } from './lifecycle.ts'
import { isAlive, type Observed, type ObservedContainer } from './observed.ts'
import { findOrphans, orphanWarning, whyOrphan } from './orphans.ts'
import { type Plan, refOf } from './plan.ts'

export interface DownOptions {
  /** Only the containers of these; none: the whole project. */
  readonly services: readonly string[]
  readonly removeOrphans: boolean
  /** Remove declared volumes that are not external, and anonymous ones. */
  readonly volumes: boolean
  readonly images?: 'local' | 'all'
  readonly timeout?: number
}

/**
 * What `down` does. Dependents are stopped before what they depend on; every removal waits only for what is in its
 * way. A step that fails keeps back nothing but the removal of the same container.
 * @param project undefined when no file was read: what is there is all that is known
 */
export function planDown(
  name: string,
  services: Lifecycle,
  observed: Observed,
  options: DownOptions,
  project?: Project,
): Plan {
  const plan = new PlanBuilder()
  const everything = options.services.length === 0
  const selected: LifecycleService[] = inDependencyOrder(
    selectServices(services, options.services, { alone: true }),
  ).reverse()
  const stops = new Map<string, number[]>()
  const removed: number[] = []
  const remove = (container: ObservedContainer, why: string, after: readonly number[]): number => {
    const stopped = isAlive(container) ? addStop(plan, container, why, after, options.timeout) : undefined
    removed.push(
      plan.add({ op: 'removeContainer', container: refOf(container), volumes: options.volumes, quiet: false }, why, [
        stopped,
      ]),
    )
    return stopped ?? 0
  }

  for (const service of selected) {
    const after = dependentsOf(service.name, selected).flatMap(dependent => stops.get(dependent) ?? [])
    const own = observed.containers.filter(({ service: owner, oneOff }) => owner === service.name && !oneOff)
    const stopped = own.map(container => remove(container, 'the project is taken down', after)).filter(id => id > 0)
    stops.set(service.name, stopped.length > 0 ? stopped : after)
  }
  if (everything) {
    const others = observed.containers.filter(
      ({ service, oneOff }) => oneOff || !(service in services || service in (project?.disabledServices ?? {})),
    )
    if (options.removeOrphans) for (const container of others) remove(container, whyOrphan(container), [])
    else if (project) {
      const orphans = findOrphans(project, observed)
      if (orphans.length > 0) plan.warn(orphanWarning(orphans))
    }
  }

  const chosen = new Set(selected.map(({ name }) => name))
  for (const container of observed.hookContainers)
    if (everything || chosen.has(container.service)) remove(container, 'a pre_start hook has left it', [])

  removeNetworks(plan, name, observed, project, removed)
  if (options.volumes && everything) removeVolumes(plan, name, observed, project, removed)
  if (options.images !== undefined && project) removeImages(plan, project, observed, options.images, removed)
  if (plan.isEmpty) plan.warn(`Warning: No resource found to remove for project "${name}".`)
  return plan.build()
}

/** Every network of the project, also one that the file does not name any more: nothing else would ever remove it. */
function removeNetworks(
  plan: PlanBuilder,
  projectName: string,
  observed: Observed,
  project: Project | undefined,
  removed: readonly number[],
): void {
  const external = externalNames(project?.networks)
  for (const { id, name, labels } of observed.networks)
    if (labels[label.project] === projectName && !external.has(name))
      plan.add({ op: 'removeNetwork', name, id }, 'the project is taken down', removed, { tolerant: true })
}

/** Only volumes the file declares, when there is one: others may hold what somebody wants to keep. */
function removeVolumes(
  plan: PlanBuilder,
  projectName: string,
  observed: Observed,
  project: Project | undefined,
  removed: readonly number[],
): void {
  const declared = project && new Set(Object.values(project.volumes).map(({ name }) => name))
  const external = externalNames(project?.volumes)
  for (const { name, labels } of observed.volumes)
    if (labels[label.project] === projectName && !external.has(name) && (declared?.has(name) ?? true))
      plan.add({ op: 'removeVolume', name }, 'volumes are to be removed, too', removed, { tolerant: true })
}

function removeImages(
  plan: PlanBuilder,
  project: Project,
  observed: Observed,
  which: 'local' | 'all',
  removed: readonly number[],
): void {
  const names = new Set<string>()
  for (const service of Object.values(project.services)) {
    const image = imageName(project, service)
    if (which === 'local' && service.image !== undefined) continue
    if (image in observed.images && !isRootfsImage(image)) names.add(image)
  }
  for (const name of names)
    plan.add({ op: 'removeImage', name }, `--rmi ${which} was given`, removed, { tolerant: true })
}

const externalNames = (resources: Project['networks'] | Project['volumes'] = {}): ReadonlySet<string> =>
  new Set(Object.values(resources).flatMap(({ external, name }) => (external ? [name] : [])))

export interface RemoveOptions {
  readonly services: readonly string[]
  readonly stop: boolean
  readonly volumes: boolean
}

/** `rm`: stopped containers, one-off ones too; with `stop`, running ones after they have been stopped. */
export function planRemove(services: Lifecycle, observed: Observed, options: RemoveOptions): Plan {
  const plan = new PlanBuilder()
  for (const { name } of selectServices(services, options.services, { alone: true }))
    for (const container of observed.containers.filter(({ service }) => service === name)) {
      const alive = isAlive(container)
      if (alive && (!options.stop || container.oneOff)) continue
      const stopped = alive ? addStop(plan, container, 'it is to be removed', [], undefined) : undefined
      plan.add(
        { op: 'removeContainer', container: refOf(container), volumes: options.volumes, quiet: false },
        alive ? 'it has been stopped' : `it is ${container.state}`,
        [stopped],
      )
    }
  return plan.build()
}
