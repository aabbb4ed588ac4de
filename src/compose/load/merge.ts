import { TscomposeError } from '../../errors.ts'
import { formatFloat } from './go-format.ts'
import type { PathRules } from './path-rules.ts'
import { pathRules, stepInto } from './path-rules.ts'
import type { MapNode, Node, ScalarNode, SeqNode, Shadowing } from './yaml/node.ts'
import { implied, isNull, kindName, mapAt, mapOf, scalarAt, seqAt, whereOf } from './yaml/node.ts'

/** How one attribute is merged; `undefined` stands for an attribute that is there but null. */
type Merger = (base: Node, override: Node, merge: Merge) => Node

/** The scalar as text, as Go's %v prints it. */
export function scalarText(node: ScalarNode): string {
  if (node.type === 'null') return '<nil>'
  return node.type === 'float' ? formatFloat(node.value as number) : String(node.value)
}

/** Remembers what a value won over, behind what it has won over before. */
export function shadow(winner: Node, loser: Node, by: Shadowing): void {
  let last = winner
  while (last.was) last = last.was.node
  if (last !== loser) last.was = { node: loser, by }
}

/** A map of variables as the list it stands for, sorted by its texts. */
function toSequence(node: Node): Node[] {
  if (node.kind === 'seq') return node.items
  if (node.kind === 'scalar') return node.type === 'str' ? [node] : []
  const items: ScalarNode[] = []
  for (const [key, value] of node.entries) {
    if (value.kind === 'seq') {
      for (const item of value.items) items.push(pair(key, item, value))
    } else items.push(isNull(value) ? withHistory(scalarAt(value, key), value) : pair(key, value, value))
  }
  return items.sort((a, b) => ((a.value as string) < (b.value as string) ? -1 : 1))
}

const pair = (key: string, value: Node, at: Node): ScalarNode =>
  withHistory(scalarAt(at, `${key}=${value.kind === 'scalar' ? scalarText(value) : kindName(value)}`), value)

function withHistory(made: ScalarNode, from: Node): ScalarNode {
  if (from.was) made.was = from.was
  if (from.kind === 'scalar' && from.template !== undefined) made.template = from.template
  return made
}

/** A list of names as the map it stands for. */
function toMapping(node: Node, value: (item: Node) => Node): MapNode {
  if (node.kind === 'map') return node
  const map = mapAt(node)
  if (node.kind === 'seq')
    for (const item of node.items) if (item.kind === 'scalar') map.entries.set(String(item.value), value(item))
  return map
}

export const startedDependency = (item: Node): MapNode =>
  mapAt(item, [
    ['condition', implied(scalarAt(item, 'service_started'))],
    ['required', implied(scalarAt(item, true))],
  ])
const nothing = (item: Node): Node => scalarAt(item, null)

const replace: Merger = (_base, override) => override
const concatenate: Merger = (base, override) => seqAt(override, [...toSequence(base), ...toSequence(override)])
const asMaps =
  (value: (item: Node) => Node): Merger =>
  (base, override, merge) =>
    merge.maps(toMapping(base, value), toMapping(override, value))

const hosts: Merger = (base, override) => {
  const items = toSequence(base)
  const known = new Set(items.map(item => (item.kind === 'scalar' ? item.value : undefined)))
  const added = toSequence(override).filter(item => item.kind !== 'scalar' || !known.has(item.value))
  return seqAt(override, [...items, ...added])
}

const build: Merger = (base, override, merge) => {
  const asMap = (node: Node): MapNode =>
    node.kind === 'scalar' && node.type === 'str' ? mapAt(node, [['context', node]]) : (mapOf(node) ?? mapAt(node))
  return merge.maps(asMap(base), asMap(override))
}

const logging: Merger = (base, override, merge) => {
  if (base.kind !== 'map' || override.kind !== 'map') return isNull(override) ? base : override
  const driver = override.entries.get('driver')
  const before = base.entries.get('driver')
  const same = driver?.kind === 'scalar' && before?.kind === 'scalar' && driver.value === before.value
  return same || !driver || !before ? merge.maps(base, override) : override
}

/** Address pools go by subnet. A pool of the base whose subnet the override does not name is dropped, as it is there. */
const pools: Merger = (base, override, merge) => {
  if (base.kind !== 'seq' || override.kind !== 'seq') throw merge.conflict(override)
  const subnet = (pool: MapNode) => {
    const node = pool.entries.get('subnet')
    return node?.kind === 'scalar' ? node.value : undefined
  }
  const result: MapNode[] = []
  const indexOf = (wanted: unknown) => result.findIndex(pool => subnet(pool) === wanted)
  for (const original of base.items) {
    const right = toMapping(original, nothing)
    for (const item of override.items) {
      const left = toMapping(item, nothing)
      if (subnet(left) !== subnet(right) && indexOf(subnet(left)) < 0) {
        result.push(left)
        continue
      }
      const merged = merge.maps(right, left)
      const index = indexOf(subnet(merged))
      if (index < 0) result.push(merged)
      else result[index] = merged
    }
  }
  return seqAt(override, result)
}

const mergers: PathRules<Merger> = pathRules<Merger>({
  'networks.*.ipam.config': pools,
  'networks.*.labels': concatenate,
  'volumes.*.labels': concatenate,
  'services.*.annotations': concatenate,
  'services.*.build': build,
  'services.*.build.args': concatenate,
  'services.*.build.additional_contexts': concatenate,
  'services.*.build.extra_hosts': hosts,
  'services.*.build.labels': concatenate,
  'services.*.command': replace,
  'services.*.depends_on': asMaps(startedDependency),
  'services.*.deploy.labels': concatenate,
  'services.*.dns': concatenate,
  'services.*.dns_opt': concatenate,
  'services.*.dns_search': concatenate,
  'services.*.entrypoint': replace,
  'services.*.env_file': concatenate,
  'services.*.label_file': concatenate,
  'services.*.environment': concatenate,
  'services.*.extra_hosts': hosts,
  'services.*.healthcheck.test': replace,
  'services.*.labels': concatenate,
  'services.*.logging': logging,
  'services.*.models': asMaps(nothing),
  'services.*.networks': asMaps(nothing),
  'services.*.sysctls': concatenate,
  'services.*.tmpfs': concatenate,
  'services.*.ulimits.*': replace,
})

const serviceMergers = stepInto(stepInto(mergers, 'services'), 'x')

/** Merges a model onto another one, which is changed. */
export const mergeModels = (base: MapNode, override: MapNode): MapNode =>
  new Merge(mergers, [], 'override').maps(base, override)

/** Merges a service onto the one it extends. */
export const mergeService = (base: MapNode, service: MapNode): MapNode =>
  new Merge(serviceMergers, ['services', 'x'], 'extends').maps(base, service)

/** Merges a definition of the including file onto one of the same name that was included. */
export const mergeResource = (kind: string, name: string, included: Node, own: Node): Node =>
  new Merge(stepInto(stepInto(mergers, kind), name), [kind, name], 'include').node(included, own)

class Merge {
  readonly #path: string[]
  readonly #by: Shadowing
  #rules: PathRules<Merger> | undefined

  constructor(rules: PathRules<Merger> | undefined, path: string[], by: Shadowing) {
    this.#rules = rules
    this.#path = path
    this.#by = by
  }

  conflict(override: Node): TscomposeError {
    return new TscomposeError('COMPOSE_MERGE_CONFLICT', `cannot override ${this.#path.join('.')}`, {
      where: whereOf(override),
      fix: `The value it would override is of another kind (a ${kindName(override)} stands here).`,
    })
  }

  node(base: Node, override: Node): Node {
    const merged = this.#merged(base, override)
    if (merged === override && merged !== base) shadow(merged, base, this.#by)
    return merged
  }

  #merged(base: Node, override: Node): Node {
    const rule = this.#rules?.rule
    if (rule) return rule(base, override, this)
    if (isNull(override)) return base
    if (base.kind === 'scalar') return override
    if (base.kind !== override.kind) throw this.conflict(override)
    if (base.kind === 'map') return this.maps(base, override as MapNode)
    for (const item of (override as SeqNode).items) base.items.push(item)
    return base
  }

  maps(base: MapNode, override: MapNode): MapNode {
    const rules = this.#rules
    for (const [key, value] of override.entries) {
      const before = base.entries.get(key)
      if (before === undefined) {
        base.entries.set(key, value)
        continue
      }
      this.#rules = stepInto(rules, key)
      this.#path.push(key)
      base.entries.set(key, this.node(before, value))
      this.#path.pop()
    }
    this.#rules = rules
    return base
  }
}
