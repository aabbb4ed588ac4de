import { toJson } from './load/model/bind.ts'
import { compareText, entriesInOrder, toSorted } from './load/plain.ts'
import { compareKeys, emitYaml } from './load/yaml/emit.ts'
import { Literal } from './load/yaml/literal.ts'
import type { MapNode } from './load/yaml/node.ts'
import type { CanonicalProject, Project, Service } from './project.ts'

/** What `config` prints. Dollar signs are doubled, so that what is printed can be loaded again. */

export interface PrintOptions {
  readonly format: 'yaml' | 'json'
}

type Canonical = Readonly<Record<string, unknown>>
type Section = Readonly<Record<string, Canonical>>

const escapeDollars = (text: string): string => text.replaceAll('$', '$$$$')

/** The project as `config` prints it. */
export function printProject({ canonical }: Pick<Project, 'canonical'>, { format }: PrintOptions): string {
  return escapeDollars(format === 'json' ? canonicalJson(canonical) : canonicalYaml(canonical))
}

/** A merged model whose texts still hold their variables, as `config --no-interpolate` prints it. */
export const plainModel = (root: MapNode): Canonical => toSorted(root) as Canonical

/** A model as it is: {@link plainModel}, or a part of one. */
export function printModel(model: object, { format }: PrintOptions): string {
  return format === 'json' ? goJson(model, 2) : emitYaml(sortKeys(model))
}

/** The name, then services, networks, ..., then extensions; names sorted. */
function canonicalYaml(model: CanonicalProject): string {
  const { name, services, extensions } = model
  const section = (key: string, things: Section) =>
    Object.keys(things).length > 0 ? { [key]: byName(things, value => sortInside(value)) } : {}
  return emitYaml({
    ...(name ? { name } : {}),
    services: byName(services, value => sortInside(value)),
    ...section('networks', model.networks),
    ...section('volumes', model.volumes),
    ...section('secrets', model.secrets),
    ...section('configs', byName(model.configs, withoutForeignContent)),
    ...section('models', model.models),
    ...(sortKeys(extensions) as Canonical),
  })
}

/** As the original, JSON knows neither models nor extensions below the top level. */
function canonicalJson(model: CanonicalProject): string {
  const { name, services, networks, volumes, secrets, configs, extensions } = model
  const section = (kind: 'networks' | 'volumes' | 'secrets' | 'configs', things: Section) =>
    Object.keys(things).length > 0 ? { [kind]: byName(things, value => toJson(kind, value), compareText) } : {}
  const document: Record<string, unknown> = {
    name,
    services: byName(services, value => toJson('services', value), compareText),
    ...section('networks', networks),
    ...section('volumes', volumes),
    ...section('secrets', secrets),
    ...section('configs', byName(configs, withoutForeignContent)),
    ...extensions,
  }
  return goJson(Object.fromEntries(Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1))), 2)
}

/** A config's content that came from a variable is told by the variable's name. */
const withoutForeignContent = ({ content, ...rest }: Canonical): Canonical =>
  content === undefined || rest.environment !== undefined ? rest : withContent(rest, content)

function withContent({ name, file, environment, ...rest }: Canonical, content: unknown): Canonical {
  const before = { name, file, environment }
  return {
    ...Object.fromEntries(Object.entries(before).filter(([, value]) => value !== undefined)),
    content,
    ...rest,
  }
}

const byName = <T>(things: Section, map: (value: Canonical) => T, compare = compareKeys): Record<string, T> =>
  Object.fromEntries(
    Object.entries(things)
      .sort(([a], [b]) => compare(a, b))
      .map(([key, value]) => [key, map(value)]),
  )

/** Attributes whose value is a map of names that the user chose, wherever they are. */
const NAMED = new Set(
  (
    'additional_contexts annotations args aux_addresses depends_on driver_opts environment labels models networks ' +
    'options storage_opt sysctls ulimits'
  ).split(' '),
)

/** Attributes keep their order; what is inside of maps that the user names is sorted, and so is all of an extension. */
function sortInside(value: unknown, named = false): unknown {
  if (Array.isArray(value)) return value.map(item => sortInside(item))
  if (typeof value !== 'object' || value === null || value instanceof Literal) return value
  const entries = Object.entries(value)
  if (named) entries.sort(([a], [b]) => compareKeys(a, b))
  const inner = (key: string, child: unknown) =>
    !named && key.startsWith('x-') ? sortKeys(child) : sortInside(child, !named && NAMED.has(key))
  return Object.fromEntries(entries.map(([key, child]) => [key, inner(key, child)]))
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (typeof value !== 'object' || value === null || value instanceof Literal) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => compareKeys(a, b))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  )
}

/** JSON in the letters of Go's encoder, which escapes what is special in HTML. */
export function goJson(value: unknown, indent = 0, depth = 0): string {
  if (value instanceof Literal) return value.json
  if (typeof value !== 'object' || value === null) return jsonScalar(value)
  const list = Array.isArray(value)
  const items = list
    ? value.map(item => goJson(item, indent, depth + 1))
    : entriesInOrder(value as Canonical, compareText).map(
        ([key, inner]) => `${jsonScalar(key)}:${indent > 0 ? ' ' : ''}${goJson(inner, indent, depth + 1)}`,
      )
  const [open, close] = list ? '[]' : '{}'
  if (items.length === 0 || indent === 0) return `${open}${items.join(',')}${close}`
  const pad = `\n${' '.repeat(indent * (depth + 1))}`
  return `${open}${pad}${items.join(`,${pad}`)}\n${' '.repeat(indent * depth)}${close}`
}

const jsonScalar = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replace(
    /[<>&\u2028\u2029]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * The configuration hash of docker compose: of the service as JSON, without what does not make its containers others
 * (compose-file.md, "Config hash and recreate rules").
 */
export function serviceHash({ canonical }: Pick<Service, 'canonical'>): string {
  const { build, pull_policy, pull_refresh_after, scale, depends_on, profiles, ...rest } = canonical
  const deploy = rest.deploy as Canonical | undefined
  const service = deploy ? { ...rest, deploy: withoutReplicas(deploy) } : rest
  // Loaded where it is needed: it would cost every other command six milliseconds.
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256')
    .update(goJson(toJson('services', service)))
    .digest('hex')
}

/** The same of what ports do not tell: where only they differ, the container may stay. */
export function portlessHash({ canonical }: Pick<Service, 'canonical'>): string {
  const { ports, expose, ...rest } = canonical
  return serviceHash({ canonical: rest })
}

const withoutReplicas = ({ replicas: _, ...rest }: Canonical): Canonical => rest

/** `NAME=value` of what variables were taken from, sorted. */
export const environmentLines = ({ environment }: Pick<Project, 'environment'>): string[] =>
  Object.entries(environment)
    .map(([key, value]) => `${key}=${value}`)
    .sort((a, b) => (a < b ? -1 : 1))

/** The image a service runs: its own, or the name of the one that is built for it. */
export const imageName = ({ name, image }: Pick<Service, 'name' | 'image'>, projectName: string): string =>
  image ?? `${projectName}-${name}`

/** The images of all services, each once for every service that runs it. */
export function imageNames({ name, services }: Pick<Project, 'name' | 'services'>): string[] {
  return Object.values(services)
    .filter(({ canonical }) => canonical.provider === undefined)
    .sort((a, b) => compareKeys(a.name, b.name))
    .flatMap(service => [
      imageName(service, name),
      ...service.preStart.flatMap(({ image }) => (image === undefined || image === service.image ? [] : [image])),
      ...service.volumes.flatMap(({ type, source }) => (type === 'image' && source ? [source] : [])),
    ])
}

/** The profiles of all services, also of those that are left out. */
export function profileNames({ services, disabledServices }: Pick<Project, 'services' | 'disabledServices'>): string[] {
  const all = [...Object.values(services), ...Object.values(disabledServices)]
  return [...new Set(all.flatMap(({ profiles }) => profiles))].sort()
}

/** The names of services, dependencies before what depends on them. */
export function serviceOrder({ services }: Pick<Project, 'services'>): string[] {
  const order = new Set<string>()
  const seen = new Set<string>()
  const begin = (name: string) => {
    seen.add(name)
    return {
      name,
      dependencies: Object.keys(services[name]?.dependsOn ?? {})
        .sort()
        .values(),
    }
  }
  for (const start of Object.keys(services).sort()) {
    const stack = seen.has(start) ? [] : [begin(start)]
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { value: next } = top.dependencies.next()
      if (next === undefined) {
        order.add(top.name)
        stack.pop()
      } else if (!seen.has(next) && Object.hasOwn(services, next)) stack.push(begin(next))
    }
  }
  return [...order]
}
