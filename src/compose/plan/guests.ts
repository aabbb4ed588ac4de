import { sharedService } from '../names.ts'
import type { Project, Service } from '../project.ts'
import type { Convergence } from './converge.ts'
import { sharedServices } from './diverged.ts'
import { isAlive, type Observed, type ObservedContainer } from './observed.ts'

/**
 * Services that nobody named, of which containers run in namespaces or on volumes of a service that is replaced: they
 * would be left in what nobody else sees any more.
 */
export function guestsOf(
  project: Project,
  { containers }: Observed,
  convergences: readonly Convergence[],
  selected: readonly Service[],
): readonly Service[] {
  const replaced = new Set(convergences.filter(({ replace }) => replace.length > 0).map(({ service }) => service.name))
  return Object.values(project.services).filter(
    service =>
      !selected.includes(service) &&
      sharedServices(project, service).some(name => replaced.has(name)) &&
      containers.some(container => !container.oneOff && container.service === service.name && isAlive(container)),
  )
}

/** A container that lives in the network of one that has been removed. What is outside the project is not looked at. */
export function isStranded(
  project: Project,
  { networkMode }: Service,
  { networkOf }: ObservedContainer,
  { containers }: Observed,
): boolean {
  if (networkOf === undefined || !networkMode || sharedService(project, networkMode) === undefined) return false
  return !containers.some(({ id }) => id === networkOf)
}
