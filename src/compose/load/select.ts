import { TscomposeError } from '../../errors.ts'
import { didYouMean } from '../../suggest.ts'
import type { CanonicalMap, CanonicalModel } from './model/bind.ts'
import type { Canonical } from './model/shape.ts'

/** Services that take part, and those that are left out. */
export interface Split {
  readonly enabled: CanonicalMap
  readonly disabled: CanonicalMap
}

const texts = (value: unknown): readonly string[] => (value ?? []) as readonly string[]

/** A service without profiles is always enabled, others when one of theirs is active; `*` activates all. */
export function byProfiles(services: CanonicalMap, profiles: readonly string[]): Split {
  const active = new Set(profiles)
  const enabled: CanonicalMap = {}
  const disabled: CanonicalMap = {}
  for (const [name, service] of Object.entries(services)) {
    const own = texts(service.profiles)
    const on = own.length === 0 || active.has('*') || own.some(profile => active.has(profile))
    ;(on ? enabled : disabled)[name] = service
  }
  return { enabled, disabled }
}

/** The profiles that naming services activates. */
export const profilesOf = (names: readonly string[], disabled: CanonicalMap): string[] =>
  names.flatMap(name => texts(disabled[name]?.profiles))

/** Keeps the named services and what they depend on, and drops dependencies on anything else. */
export function selectServices({ enabled, disabled }: Split, names: readonly string[], dependencies = true): Split {
  if (names.length === 0) return { enabled, disabled }
  const selected = new Set<string>()
  const todo = names.flatMap(name => matching(name, enabled))
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (selected.has(name)) continue
    selected.add(name)
    if (!dependencies) continue
    for (const [dependency, { required }] of Object.entries(dependsOn(enabled[name]))) {
      if (Object.hasOwn(enabled, dependency)) todo.push(dependency)
      else if (required !== false) throw noSuchService(dependency, enabled)
    }
  }
  const kept: CanonicalMap = {}
  const left: CanonicalMap = { ...disabled }
  for (const [name, service] of Object.entries(enabled)) {
    if (selected.has(name)) kept[name] = withDependencies(service, selected)
    else left[name] = service
  }
  return { enabled: kept, disabled: left }
}

const dependsOn = (service: Canonical | undefined): Record<string, Canonical> =>
  (service?.depends_on ?? {}) as Record<string, Canonical>

function withDependencies(service: Canonical, selected: ReadonlySet<string>): Canonical {
  const all = Object.entries(dependsOn(service))
  const left = all.filter(([name]) => selected.has(name))
  if (left.length === all.length) return service
  if (left.length > 0) return { ...service, depends_on: Object.fromEntries(left) }
  const { depends_on: _, ...rest } = service
  return rest
}

function noSuchService(name: string, services: CanonicalMap): TscomposeError {
  return new TscomposeError(
    'COMPOSE_SERVICE_UNKNOWN',
    `no such service: ${name}`,
    didYouMean(name, Object.keys(services)),
  )
}

/** Names may have the wildcards of a shell. */
function matching(name: string, services: CanonicalMap): string[] {
  if (Object.hasOwn(services, name)) return [name]
  if (/[*?[]/.test(name)) {
    const pattern = name
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')
    const found = Object.keys(services).filter(service => new RegExp(`^${pattern}$`).test(service))
    if (found.length > 0) return found
  }
  throw noSuchService(name, services)
}

/** Drops networks, volumes and the like that no enabled service uses. */
export function dropUnused(model: CanonicalModel): CanonicalModel {
  const used = { networks: new Set<string>(), volumes: new Set<string>(), secrets: new Set<string>() }
  const configs = new Set<string>()
  const models = new Set<string>()
  const list = (value: unknown) => (value ?? []) as readonly Canonical[]
  for (const service of Object.values(model.services)) {
    for (const name of Object.keys((service.networks ?? {}) as object)) used.networks.add(name)
    for (const { type, source } of list(service.volumes))
      if (type === 'volume' && source) used.volumes.add(String(source))
    for (const { source } of [...list(service.secrets), ...list((service.build as Canonical | undefined)?.secrets)])
      used.secrets.add(String(source))
    for (const { source } of list(service.configs)) configs.add(String(source))
    for (const name of Object.keys((service.models ?? {}) as object)) models.add(name)
  }
  const keep = (resources: CanonicalMap, names: ReadonlySet<string>) =>
    Object.fromEntries(Object.entries(resources).filter(([name]) => names.has(name)))
  return {
    ...model,
    networks: keep(model.networks, used.networks),
    volumes: keep(model.volumes, used.volumes),
    secrets: keep(model.secrets, used.secrets),
    configs: keep(model.configs, configs),
    models: keep(model.models, models),
  }
}
