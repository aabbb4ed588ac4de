import { compareText, define, toSorted } from '../plain.ts'
import type { MapNode, Node } from '../yaml/node.ts'
import { mapOf } from '../yaml/node.ts'
import type { Canonical, Shape } from './shape.ts'
import { Decoding, jsonOf } from './shape.ts'
import { fileObject, model, network, service, volume } from './shapes.ts'

export type CanonicalMap = Record<string, Canonical>

/** A model in canonical form: every attribute under its name in the file, in the order in which `config` prints them. */
export interface CanonicalModel {
  readonly name: string
  readonly services: CanonicalMap
  readonly networks: CanonicalMap
  readonly volumes: CanonicalMap
  readonly secrets: CanonicalMap
  readonly configs: CanonicalMap
  readonly models: CanonicalMap
  /** Top-level attributes that begin with `x-`. */
  readonly extensions: Canonical
}

export type ResourceKind = 'networks' | 'volumes' | 'secrets' | 'configs' | 'models'

const shapes: Readonly<Record<'services' | ResourceKind, Shape>> = {
  services: service,
  networks: network,
  volumes: volume,
  secrets: fileObject,
  configs: fileObject,
  models: model,
}

/** Reads a normalised model into its canonical form. @throws TscomposeError for values that cannot be read */
export function bind(root: MapNode, name: string): CanonicalModel {
  const at = new Decoding()
  const section = (kind: 'services' | ResourceKind): CanonicalMap => decodeSection(root.entries.get(kind), kind, at)
  const extensions: Canonical = {}
  for (const [key, value] of [...root.entries].sort(([a], [b]) => compareText(a, b)))
    if (key.startsWith('x-')) define(extensions, key, toSorted(value))
  return {
    name,
    services: section('services'),
    networks: section('networks'),
    volumes: section('volumes'),
    secrets: section('secrets'),
    configs: section('configs'),
    models: section('models'),
    extensions,
  }
}

function decodeSection(node: Node | undefined, kind: 'services' | ResourceKind, at: Decoding): CanonicalMap {
  const result: CanonicalMap = {}
  for (const [name, child] of mapOf(node)?.entries ?? []) {
    const value = at.step(kind, () => at.step(`[${name}]`, () => shapes[kind].decode(child, at)))
    define(result, name, value ?? {})
  }
  return result
}

/** A thing of the model as the original's JSON encoder tells it. */
export const toJson = (kind: 'services' | ResourceKind, value: Canonical): Canonical =>
  jsonOf(shapes[kind], value) as Canonical

/** A service with its attributes in their order, after some were set later. */
export function arrange(attributes: Canonical): Canonical {
  const result: Canonical = {}
  for (const key of service.order ?? []) if (attributes[key] !== undefined) result[key] = attributes[key]
  for (const [key, value] of Object.entries(attributes)) if (!Object.hasOwn(result, key)) define(result, key, value)
  return result
}
