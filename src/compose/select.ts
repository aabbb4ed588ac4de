import { TscomposeError } from '../errors.ts'
import { didYouMean } from '../suggest.ts'
import type { Dependency } from './project.ts'

/** The part of a service that its place in the order of things depends on. */
export interface Ordered {
  readonly name: string
  readonly dependsOn: Readonly<Record<string, Dependency>>
}
type Services<T extends Ordered> = Readonly<Record<string, T>>

/** @throws TscomposeError COMPOSE_SERVICE_UNKNOWN */
export function serviceOf<T extends Ordered>(services: Services<T>, name: string): T {
  const service = services[name]
  if (!service)
    throw new TscomposeError(
      'COMPOSE_SERVICE_UNKNOWN',
      `no such service: ${name}`,
      didYouMean(name, Object.keys(services)),
    )
  return service
}

/**
 * The services a command acts on: those named (all, if none is) and, unless `alone`, all they depend on. In the order
 * of their names.
 */
export function selectServices<T extends Ordered>(
  services: Services<T>,
  names: readonly string[],
  { alone = false }: { alone?: boolean } = {},
): T[] {
  const chosen = new Map<string, T>()
  const choose = (name: string): void => {
    if (chosen.has(name)) return
    const service = serviceOf(services, name)
    chosen.set(name, service)
    if (!alone) for (const dependency of dependenciesOf(services, service)) choose(dependency)
  }
  for (const name of names.length > 0 ? names : Object.keys(services)) choose(name)
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/**
 * The dependencies of a service that are there; one with `required: false` may be left out by its profile.
 * @throws TscomposeError COMPOSE_DEPENDENCY_DISABLED for another one that is
 */
export function dependenciesOf(services: Services<Ordered>, { name, dependsOn }: Ordered): string[] {
  return Object.entries(dependsOn).flatMap(([dependency, { required }]) => {
    if (dependency in services) return [dependency]
    if (!required) return []
    throw new TscomposeError(
      'COMPOSE_DEPENDENCY_DISABLED',
      `service "${name}" depends on undefined service "${dependency}": invalid compose project`,
      { fix: `If "${dependency}" has profiles, enable one of them or name the service, too.` },
    )
  })
}

/** Dependencies before their dependents, otherwise by name. Edges to services that are not in the list do not count. */
export function inDependencyOrder<T extends Ordered>(services: readonly T[]): T[] {
  const byName = new Map(services.map(service => [service.name, service]))
  const ordered = new Set<T>()
  // Files have no cycles, the labels of containers of different times may.
  const visited = new Set<T>()
  const visit = (service: T): void => {
    if (visited.has(service)) return
    visited.add(service)
    for (const name of Object.keys(service.dependsOn).sort()) {
      const dependency = byName.get(name)
      if (dependency) visit(dependency)
    }
    ordered.add(service)
  }
  for (const name of [...byName.keys()].sort()) visit(byName.get(name) as T)
  return [...ordered]
}
