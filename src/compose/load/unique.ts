import { TscomposeError } from '../../errors.ts'
import { scalarText, shadow } from './merge.ts'
import type { PathRules } from './path-rules.ts'
import { pathRules, stepInto } from './path-rules.ts'
import { parseVolume } from './syntax/volumes.ts'
import type { MapNode, Node, SeqNode } from './yaml/node.ts'
import { kindName, stringOf, whereOf } from './yaml/node.ts'

/** What two items of a list have in common that stand for the same thing. */
type KeyOf = (item: Node, path: () => string) => string

const fail = (item: Node, message: string, fix?: string): never => {
  throw new TscomposeError('COMPOSE_TYPE_WRONG', message, { where: whereOf(item), ...(fix !== undefined && { fix }) })
}

/** Go's names of the types, which its messages show. */
const goType = (node: Node): string =>
  node.kind === 'map'
    ? 'map[string]interface {}'
    : node.kind === 'seq'
      ? '[]interface {}'
      : ({ int: 'int', float: 'float64', bool: 'bool', null: '<nil>', timestamp: 'time.Time', str: 'string' }[
          node.type
        ] ?? kindName(node))

/** `- A: b` is a mapping within a list. */
function asText(item: Node): string | undefined {
  const [entry] = item.kind === 'map' ? item.entries : []
  return entry?.[1].kind === 'scalar' ? `In a list it is written "${entry[0]}=${entry[1].value}".` : undefined
}

const keyValue: KeyOf = (item, path) => {
  const text = stringOf(item) ?? fail(item, `${path()}: unexpected type ${goType(item)}`, asText(item))
  const equals = text.indexOf('=')
  return equals < 0 ? text : text.slice(0, equals)
}

const attribute = (item: MapNode, name: string): string | undefined => stringOf(item.entries.get(name))

const mountTarget: KeyOf = (item, path) => {
  if (item.kind === 'map')
    return attribute(item, 'target') ?? fail(item, `service volume ${path()} is missing a mount target`)
  const text = stringOf(item)
  if (text === undefined) return ''
  try {
    return parseVolume(text).target
  } catch (error) {
    return fail(item, (error as Error).message)
  }
}

const deviceTarget: KeyOf = (item, path) => {
  if (item.kind === 'map')
    return attribute(item, 'target') ?? fail(item, `service device ${path()} is missing a mount target`)
  const parts = (stringOf(item) ?? '').split(':')
  return parts[1] ?? parts[0] ?? ''
}

const grantTarget =
  (directory: string): KeyOf =>
  (item, path) => {
    if (item.kind === 'map')
      return attribute(item, 'target') ?? `${directory}/${attribute(item, 'source') ?? '%!s(<nil>)'}`
    const text = stringOf(item) ?? fail(item, `${path()}: unsupported expose value ${goType(item)}`)
    return `${directory}/${text}`
  }

const exposed: KeyOf = (item, path) =>
  item.kind === 'scalar' && (item.type === 'str' || item.type === 'int')
    ? String(item.value)
    : fail(item, `${path()}: unsupported expose value ${item.kind === 'scalar' ? scalarText(item) : goType(item)}`)

/** The number 8080 and the text "8080" are different keys, as they are in the original. */
const port: KeyOf = (item, path) => {
  if (item.kind !== 'map') return item.kind === 'scalar' ? scalarText(item) : ''
  const part = (name: string, otherwise: string) => {
    const node = item.entries.get(name)
    return node?.kind === 'scalar' ? `${node.type === 'str' ? '' : node.type}${scalarText(node)}` : otherwise
  }
  if (!item.entries.has('target')) return fail(item, `service ports ${path()} is missing a target port`)
  return `${part('host_ip', '0.0.0.0')}:${part('published', ' ')}:${part('target', '')}/${part('protocol', 'tcp')}`
}

const envFile: KeyOf = (item, path) => {
  if (item.kind === 'map')
    return attribute(item, 'path') ?? fail(item, `environment path attribute ${path()} is missing`)
  return stringOf(item) ?? ''
}

const uniqueLists: PathRules<KeyOf> = pathRules<KeyOf>({
  'networks.*.labels': keyValue,
  'networks.*.ipam.options': keyValue,
  'services.*.annotations': keyValue,
  'services.*.build.args': keyValue,
  'services.*.build.additional_contexts': keyValue,
  'services.*.build.tags': keyValue,
  'services.*.build.labels': keyValue,
  'services.*.cap_add': keyValue,
  'services.*.cap_drop': keyValue,
  'services.*.configs': grantTarget(''),
  'services.*.deploy.labels': keyValue,
  'services.*.dns': keyValue,
  'services.*.dns_opt': keyValue,
  'services.*.dns_search': keyValue,
  'services.*.environment': keyValue,
  'services.*.env_file': envFile,
  'services.*.expose': exposed,
  'services.*.labels': keyValue,
  'services.*.links': keyValue,
  'services.*.networks.*.aliases': keyValue,
  'services.*.networks.*.link_local_ips': keyValue,
  'services.*.ports': port,
  'services.*.profiles': keyValue,
  'services.*.secrets': grantTarget('/run/secrets'),
  'services.*.sysctls': keyValue,
  'services.*.tmpfs': keyValue,
  'services.*.volumes': mountTarget,
  'services.*.devices': deviceTarget,
})

/** In lists whose items have a key, the later item takes the place of an earlier one with the same key. */
export function enforceUnicity(model: MapNode): void {
  walk(model, uniqueLists, [])
}

function walk(node: Node, rules: PathRules<KeyOf>, path: string[]): void {
  if (node.kind === 'map') {
    for (const [key, value] of node.entries) {
      const next = stepInto(rules, key)
      if (!next || value.kind === 'scalar') continue
      path.push(key)
      walk(value, next, path)
      path.pop()
    }
  } else if (node.kind === 'seq' && rules.rule) unify(node, rules.rule, path)
}

function unify(list: SeqNode, keyOf: KeyOf, path: readonly string[]): void {
  const places = new Map<string, number>()
  const items: Node[] = []
  for (const [index, item] of list.items.entries()) {
    const key = keyOf(item, () => `${path.join('.')}.[${index}]`)
    const place = places.get(key)
    if (place === undefined) {
      places.set(key, items.length)
      items.push(item)
      continue
    }
    const before = items[place]
    if (before) shadow(item, before, before.source === item.source ? 'duplicate' : 'override')
    items[place] = item
  }
  list.items = items
}
