import { TscomposeError } from '../../../errors.ts'
import { compareText, define, toSorted } from '../plain.ts'
import type { Node } from '../yaml/node.ts'
import { isNull, whereOf } from '../yaml/node.ts'

/**
 * How an attribute is read from the tree into its canonical form, and how that is told in JSON. The canonical form is
 * what `config` prints as YAML: attributes in a fixed order, those without a value left out.
 */
export interface Shape {
  /** @returns the canonical value; undefined if it is as good as not there */
  decode(node: Node, at: Decoding): unknown
  /** The value in JSON, where that differs from the canonical form. */
  json?(value: unknown): unknown
  /** The attributes of a structure, in order. */
  readonly order?: readonly string[]
}

/** Where we are in the model, for messages. */
export class Decoding {
  readonly #path: string[] = []

  step<T>(step: string, then: () => T): T {
    this.#path.push(step)
    const result = then()
    this.#path.pop()
    return result
  }

  /** @throws TscomposeError in the form of the original's decoder, for instance `'services[web].command' ...` */
  fail(node: Node, problem: string): never {
    throw new TscomposeError(
      'COMPOSE_VALUE_INVALID',
      `decoding failed due to the following error(s):\n\n'${this.#path.join('').replace(/^\./, '')}' ${problem}`,
      { where: whereOf(node) },
    )
  }

  /** Runs a parser that throws plain errors. */
  parse<T>(node: Node, parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      if (error instanceof TscomposeError) throw error
      return this.fail(node, (error as Error).message)
    }
  }
}

export type Canonical = Record<string, unknown>

export interface Field {
  readonly key: string
  readonly shape: Shape
  /** What JSON says where there is no value: nothing, null, or an empty structure. */
  readonly jsonDefault?: 'null' | 'empty'
  /** Left out if it has no attributes; otherwise an empty structure is a value. */
  readonly dropEmpty?: boolean
  readonly jsonKey?: string
}

export const field = (key: string, shape: Shape, more: Omit<Field, 'key' | 'shape'> = {}): Field => ({
  key,
  shape,
  ...more,
})

/** A structure of known attributes; what begins with `x-` follows them. */
export function struct(...fields: readonly Field[]): Shape {
  return {
    order: fields.map(({ key }) => key),
    decode(node, at) {
      if (isNull(node)) return undefined
      if (node.kind !== 'map') return at.fail(node, `expected a map or struct, got "${goKind(node)}"`)
      const result: Canonical = {}
      for (const { key, shape, dropEmpty } of fields) {
        const child = node.entries.get(key)
        if (!child) continue
        const value = at.step(`.${key}`, () => shape.decode(child, at))
        if (value === undefined || (dropEmpty && Object.keys(value as object).length === 0)) continue
        result[key] = value
      }
      const extensions = [...node.entries].filter(([key]) => key.startsWith('x-'))
      for (const [key, value] of extensions.sort(([a], [b]) => compareText(a, b))) define(result, key, toSorted(value))
      return result
    },
    json(value) {
      const result: Canonical = {}
      for (const { key, shape, jsonDefault, jsonKey = key } of fields) {
        const child = (value as Canonical)[key]
        if (child !== undefined) result[jsonKey] = jsonOf(shape, child)
        else if (jsonDefault === 'null') result[jsonKey] = null
        else if (jsonDefault === 'empty') result[jsonKey] = jsonOf(shape, {})
      }
      return result
    },
  }
}

/** The JSON form of a canonical value. */
export const jsonOf = (shape: Shape, value: unknown): unknown =>
  shape.json && value !== null ? shape.json(value) : value

/** A map of like things. `keepNull` says that a name without a value is a value itself. */
export function mapTo(shape: Shape, keepNull = false): Shape {
  return {
    decode(node, at) {
      if (isNull(node)) return undefined
      if (node.kind !== 'map') return at.fail(node, `expected a map, got '${goKind(node)}'`)
      const result: Canonical = {}
      for (const [key, child] of [...node.entries].sort(([a], [b]) => compareText(a, b))) {
        const value = keepNull && isNull(child) ? null : at.step(`[${key}]`, () => shape.decode(child, at))
        if (value !== undefined) define(result, key, value)
      }
      return node.entries.size === 0 ? undefined : result
    },
    json(value) {
      const result: Canonical = {}
      for (const [key, child] of Object.entries(value as Canonical)) define(result, key, jsonOf(shape, child))
      return result
    },
  }
}

/** A list of like things; an empty one is none. */
export function listOf(shape: Shape): Shape {
  return {
    decode(node, at) {
      if (isNull(node)) return undefined
      if (node.kind !== 'seq') return at.fail(node, `source data must be an array or slice, got ${goKind(node)}`)
      if (node.items.length === 0) return undefined
      return node.items.map((item, index) => at.step(`[${index}]`, () => shape.decode(item, at) ?? null))
    },
    json: value => (value as unknown[]).map(item => jsonOf(shape, item)),
  }
}

/** Go's kind of a value, for messages. */
export function goKind(node: Node): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'map' : 'slice'
  return { str: 'string', int: 'int', float: 'float64', bool: 'bool', null: 'nil', timestamp: 'struct' }[node.type]
}

/** Go's type of a value, for messages. */
export function goType(node: Node): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'map[string]interface {}' : '[]interface {}'
  return node.type === 'timestamp' ? 'time.Time' : goKind(node)
}
