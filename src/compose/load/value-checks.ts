import { TscomposeError } from '../../errors.ts'
import { pathRules } from './path-rules.ts'
import { isAddress } from './syntax/ports.ts'
import type { Transform } from './transform.ts'
import { transform } from './transform.ts'
import type { MapNode, Node } from './yaml/node.ts'
import { mapOf, stringOf, whereOf, whereOfKey } from './yaml/node.ts'

type Check = Transform<undefined>

const check =
  (test: (map: MapNode, path: string) => void): Check =>
  (node, _context, path) => {
    const map = mapOf(node)
    if (map) test(map, path().join('.'))
    return node
  }

const conflict = (node: Node, message: string): never => {
  throw new TscomposeError('COMPOSE_CONFLICT', message, { where: whereOfKey(node) })
}

const externalAlone = check((volume, path) => {
  const external = volume.entries.get('external')
  if (external?.kind !== 'scalar' || external.value !== true) return
  for (const [key, value] of volume.entries)
    if (key !== 'name' && key !== 'external' && !key.startsWith('x-'))
      conflict(value, `${path}: conflicting parameters "external" and "${key}" specified`)
})

const oneSource = (...sources: readonly string[]): Check =>
  check((object, path) => {
    const given = sources.filter(key => object.entries.has(key))
    const second = object.entries.get(given[1] ?? '')
    if (second) conflict(second, `${path}: ${sources.join('|')} attributes are mutually exclusive`)
    if (given.length > 0 || object.entries.has('driver') || object.entries.has('external')) return
    throw new TscomposeError('COMPOSE_VALUE_INVALID', `${path}: one of ${sources.join('|')} must be set`, {
      where: whereOfKey(object),
    })
  })

const hostAddress = check((port, path) => {
  const node = port.entries.get('host_ip')
  const address = stringOf(node)
  if (node && address !== undefined && !isAddress(address))
    throw new TscomposeError('COMPOSE_VALUE_INVALID', `${path}: invalid ip address: ${address}`, {
      where: whereOf(node),
    })
})

const countOrIds = check((request, path) => {
  const count = request.entries.get('count')
  if (count && request.entries.has('device_ids'))
    conflict(count, `${path}: "count" and "device_ids" attributes are exclusive`)
})

const notBlank: Check = (node, _context, path) => {
  if (stringOf(node) === '')
    throw new TscomposeError('COMPOSE_VALUE_INVALID', `${path().join('.')}: value can't be blank`, {
      where: whereOf(node),
    })
  return node
}

const checks = pathRules<Check>({
  'volumes.*': externalAlone,
  'configs.*': oneSource('file', 'environment', 'content'),
  'secrets.*': oneSource('file', 'environment'),
  'services.*.ports.*': hostAddress,
  'services.*.develop.watch.*.path': notBlank,
  'services.*.deploy.resources.reservations.devices.*': countOrIds,
  'services.*.gpus.*': countOrIds,
})

/** Checks that need more than the schema, and no other part of the model. @throws TscomposeError */
export const checkValues = (model: MapNode): void => transform(model, checks, undefined)
