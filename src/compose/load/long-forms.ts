import { posix } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { scalarText, startedDependency } from './merge.ts'
import { goType } from './model/shape.ts'
import { pathRules } from './path-rules.ts'
import type { PortMapping } from './syntax/ports.ts'
import { parsePorts } from './syntax/ports.ts'
import { parseVolume } from './syntax/volumes.ts'
import type { Transform } from './transform.ts'
import { transform } from './transform.ts'
import type { Warning } from './warning.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { isNull, mapAt, mapOf, scalarAt, seqAt, stringOf, whereOf } from './yaml/node.ts'

interface Context {
  /** Without interpolation a text may hold variables, and what cannot be parsed stays as it is. */
  readonly keepUnparsable: boolean
  warn(warning: Warning): void
  /** Counts ports that ranges stand for. @throws TscomposeError where there are too many */
  countPorts(count: number, at: Node): void
}
type Rule = Transform<Context>

const shown = (path: readonly string[]): string => path.join('.')

function wrong(node: Node, message: string): never {
  throw new TscomposeError('COMPOSE_TYPE_WRONG', message, { where: whereOf(node) })
}

/** Runs a parser of a short form. @returns undefined where the text may stay as it is */
function parsed<T>(node: Node, { keepUnparsable }: Context, parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (keepUnparsable) return undefined
    throw new TscomposeError('COMPOSE_VALUE_INVALID', (error as Error).message, { where: whereOf(node) })
  }
}

const build: Rule = node => (stringOf(node) === undefined ? node : mapAt(node, [['context', bare(node)]]))

/** The same value with no key of its own, to stand under another key. */
const bare = (node: Node): Node => ({ ...node, keyOffset: -1 })

const grant: Rule = node => (stringOf(node) === undefined ? node : mapAt(node, [['source', bare(node)]]))

const asText: Rule = node => (node.kind === 'scalar' && node.type !== 'str' ? scalarAt(node, scalarText(node)) : node)

const stringOrList: Rule = node => (stringOf(node) === undefined ? node : seqAt(node, [bare(node)]))

const keyValueMap: Rule = (node, { keepUnparsable }, path) => {
  if (node.kind !== 'seq') return node
  const map = mapAt(node)
  for (const item of node.items) {
    const text = stringOf(item) ?? ''
    const equals = text.indexOf('=')
    if (equals < 0) {
      if (keepUnparsable) return node
      wrong(item, `${shown(path())}: invalid value ${text}, expected key=value`)
    }
    map.entries.set(text.slice(0, equals), scalarAt(item, text.slice(equals + 1)))
  }
  return map
}

const dependencies: Rule = (node, _context, path) => {
  if (node.kind === 'seq')
    return mapAt(
      node,
      node.items.map(item => [stringOf(item) ?? '', startedDependency(item)]),
    )
  if (node.kind !== 'map') return wrong(node, `${shown(path())}: invalid type ${goType(node)} for depend_on`)
  for (const [name, value] of node.entries) {
    if (value.kind !== 'map') return wrong(value, `${shown(path())}.${name}: unsupported value`)
    for (const [key, made] of startedDependency(value).entries)
      if (!value.entries.has(key)) value.entries.set(key, made)
  }
  return node
}

const envFiles: Rule = (node, _context, path) => {
  if (node.kind === 'map') return wrong(node, `${shown(path())}: invalid type ${goType(node)} for env_file`)
  const entry = (item: Node): Node => {
    const map = mapOf(item) ?? mapAt(item, [['path', bare(item)]])
    if (!map.entries.has('required')) map.entries.set('required', scalarAt(item, true))
    return map
  }
  return seqAt(node, node.kind === 'seq' ? node.items.map(entry) : [entry(node)])
}

const extended: Rule = node => (stringOf(node) === undefined ? node : mapAt(node, [['service', bare(node)]]))

const gpus: Rule = node =>
  stringOf(node) === undefined ? node : seqAt(node, [mapAt(node, [['count', scalarAt(node, 'all')]])])

const nameMap: Rule = node =>
  node.kind === 'seq'
    ? mapAt(
        node,
        node.items.map(item => [stringOf(item) ?? '', scalarAt(item, null)]),
      )
    : node

/** A path as Go's path.Clean leaves it: no trailing slash. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path)
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean
}

const mount: Rule = (node, context) => {
  const text = stringOf(node)
  if (text === undefined) return node
  const volume = parsed(node, context, () => parseVolume(text))
  if (!volume) return node
  const map = mapAt(node, [['type', scalarAt(node, volume.type)]])
  if (volume.source !== undefined) map.entries.set('source', scalarAt(node, volume.source))
  map.entries.set('target', scalarAt(node, cleanPath(volume.target)))
  if (volume.read_only) map.entries.set('read_only', scalarAt(node, true))
  if (volume.bind) {
    const { selinux, propagation } = volume.bind
    const bind = mapAt(node)
    if (selinux) bind.entries.set('selinux', scalarAt(node, selinux))
    if (propagation) bind.entries.set('propagation', scalarAt(node, propagation))
    if (volume.type === 'bind') bind.entries.set('create_host_path', scalarAt(node, true))
    map.entries.set('bind', bind)
  }
  if (volume.volume)
    map.entries.set('volume', mapAt(node, volume.volume.nocopy ? [['nocopy', scalarAt(node, true)]] : []))
  return map
}

const device: Rule = (node, context) => {
  const text = stringOf(node)
  if (text === undefined) return node
  const parts = text.split(':')
  if (parts.length > 3)
    parsed(node, context, () => {
      throw new Error(`confusing device mapping, please use long syntax: ${text}`)
    })
  const [source = '', target = '', permissions = 'rwm'] = parts.length > 3 ? [] : parts
  return mapAt(node, [
    ['source', scalarAt(node, source)],
    ['target', scalarAt(node, target || source)],
    ['permissions', scalarAt(node, permissions)],
  ])
}

const portMap = (item: Node, port: PortMapping): MapNode => {
  const map = mapAt(item, [['mode', scalarAt(item, 'ingress')]])
  if (port.hostIp !== undefined) map.entries.set('host_ip', scalarAt(item, port.hostIp))
  if (port.target !== 0) map.entries.set('target', scalarAt(item, port.target))
  if (port.published !== undefined) map.entries.set('published', scalarAt(item, port.published))
  map.entries.set('protocol', scalarAt(item, port.protocol))
  return map
}

/** One entry may stand for several ports, so the list is dealt with as a whole. */
const ports: Rule = (node, context, path) => {
  if (node.kind !== 'seq') return wrong(node, `${shown(path())}: invalid type ${goType(node)} for port`)
  const items: Node[] = []
  for (const item of node.items) {
    if (item.kind === 'map') {
      items.push(item)
      continue
    }
    if (item.kind !== 'scalar' || (item.type !== 'str' && item.type !== 'int'))
      return wrong(item, `${shown(path())}: invalid type ${goType(item)} for port`)
    const mappings = parsed(item, context, () => parsePorts(String(item.value)))
    if (!mappings) return node
    context.countPorts(mappings.length, item)
    for (const mapping of mappings) {
      const map = portMap(item, mapping)
      if (item.was) map.was = item.was
      items.push(map)
    }
  }
  return seqAt(node, items)
}

const sshKeys: Rule = node => {
  if (node.kind !== 'seq') return node
  const map = mapAt(node)
  for (const item of node.items) {
    const text = stringOf(item) ?? wrong(item, `invalid ssh key type ${goType(item)}`)
    const equals = text.indexOf('=')
    if (equals < 0 && text !== 'default') wrong(item, `invalid ssh key ${JSON.stringify(text)}`)
    map.entries.set(
      equals < 0 ? text : text.slice(0, equals),
      scalarAt(item, equals < 0 ? null : text.slice(equals + 1)),
    )
  }
  return map
}

const ulimit: Rule = (node, _context, path) => {
  if (node.kind === 'map' || (node.kind === 'scalar' && node.type === 'int')) return node
  return wrong(node, `${shown(path())}: invalid type ${goType(node)} for external`)
}

/** `external: {name: x}` of old is `external: true` and a name. */
const maybeExternal: Rule = (node, { warn }, path) => {
  if (node.kind !== 'map') return node
  const external = mapOf(node.entries.get('external'))
  if (!external) return node
  const outer = node.entries.get('name')
  const inner = external.entries.get('name')
  node.entries.set('external', scalarAt(external, true))
  if (!inner) return node
  const at = shown(path())
  warn({
    message: `${at}: external.name is deprecated. Please set name and external: true`,
    where: whereOf(inner),
  })
  if (outer && stringOf(outer) !== stringOf(inner))
    throw new TscomposeError('COMPOSE_CONFLICT', `${at}: name and external.name conflict; only use name`, {
      where: whereOf(inner),
    })
  node.entries.set('name', outer ?? inner)
  return node
}

const rules = pathRules<Rule>({
  'services.*.build': build,
  'services.*.build.secrets.*': grant,
  'services.*.build.provenance': asText,
  'services.*.build.sbom': asText,
  'services.*.build.additional_contexts': keyValueMap,
  'services.*.build.ssh': sshKeys,
  'services.*.build.ulimits.*': ulimit,
  'services.*.depends_on': dependencies,
  'services.*.env_file': envFiles,
  'services.*.label_file': stringOrList,
  'services.*.extends': extended,
  'services.*.gpus': gpus,
  'services.*.networks': nameMap,
  'services.*.models': nameMap,
  'services.*.volumes.*': mount,
  'services.*.dns': stringOrList,
  'services.*.devices.*': device,
  'services.*.secrets.*': grant,
  'services.*.configs.*': grant,
  'services.*.ports': ports,
  'services.*.ulimits.*': ulimit,
  'services.*.develop.watch.*.ignore': stringOrList,
  'services.*.develop.watch.*.include': stringOrList,
  'volumes.*': maybeExternal,
  'networks.*': maybeExternal,
  'secrets.*': maybeExternal,
  'configs.*': maybeExternal,
})
const deep: ReadonlySet<Rule> = new Set([build])

/** Turns every short form of a model into its long form, in place. */
export function toLongForms(model: MapNode, context: Context): void {
  transform(model, rules, context, deep)
  dropEmptyDns(model)
}

/** An empty `dns` entry, as an unset variable leaves it, counts as none. */
function dropEmptyDns(model: MapNode): void {
  for (const service of mapOf(model.entries.get('services'))?.entries.values() ?? []) {
    const dns = mapOf(service)?.entries.get('dns')
    if (dns?.kind === 'seq') dns.items = dns.items.filter(item => !isNull(item) && stringOf(item) !== '')
  }
}
