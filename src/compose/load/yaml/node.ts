import type { Where } from '../../../errors.ts'
import type { Source } from './source.ts'

/**
 * The positioned tree every phase of the loader works on. Nodes are owned by one model and are changed in place by the
 * phase that has them in hand; an alias is copied where it is used, so that no two paths share a node.
 */
export type Node = ScalarNode | MapNode | SeqNode

/** How a value came to win over an earlier one; told by `config --why`. */
export type Shadowing = 'override' | 'extends' | 'include' | 'duplicate' | 'merge key' | 'env_file' | 'label_file'

interface Positioned {
  readonly source: Source
  /** Of the first character of the value. */
  readonly offset: number
  /** Of the key this value belongs to, in the same source; -1 where there is none (list items, made-up values). */
  keyOffset: number
  /** The value this one won over, and by which rule. */
  was?: { readonly node: Node; readonly by: Shadowing }
  /** In no file: a default, or what other attributes imply. */
  implied?: true
}

/** `timestamp` values are texts already, in the form that Go prints them in. */
export type ScalarType = 'str' | 'int' | 'float' | 'bool' | 'null' | 'timestamp'
export type ScalarValue = string | number | bigint | boolean | null

export interface ScalarNode extends Positioned {
  readonly kind: 'scalar'
  type: ScalarType
  value: ScalarValue
  /** The text before interpolation, where interpolation changed it. */
  template?: string
}

export interface MapNode extends Positioned {
  readonly kind: 'map'
  readonly entries: Map<string, Node>
}

export interface SeqNode extends Positioned {
  readonly kind: 'seq'
  items: Node[]
}

type Place = Pick<Positioned, 'source' | 'offset' | 'keyOffset'>

const place = ({ source, offset, keyOffset }: Place): Place => ({ source, offset, keyOffset })

/** Makes a value that no file spells out, at the place it follows from. */
export const scalarAt = (at: Place, value: string | number | boolean | null): ScalarNode => ({
  kind: 'scalar',
  type: value === null ? 'null' : typeof value === 'string' ? 'str' : typeof value === 'boolean' ? 'bool' : 'int',
  value,
  ...place(at),
})

/** Marks a value as one that no file has. */
export function implied<T extends Node>(node: T): T {
  node.implied = true
  return node
}

export const mapAt = (at: Place, entries: Iterable<readonly [string, Node]> = []): MapNode => ({
  kind: 'map',
  entries: new Map(entries),
  ...place(at),
})

export const seqAt = (at: Place, items: Node[]): SeqNode => ({ kind: 'seq', items, ...place(at) })

export function cloneNode(node: Node): Node {
  switch (node.kind) {
    case 'scalar':
      return { ...node }
    case 'seq':
      return { ...node, items: node.items.map(cloneNode) }
    case 'map': {
      const entries = new Map<string, Node>()
      for (const [key, value] of node.entries) entries.set(key, cloneNode(value))
      return { ...node, entries }
    }
  }
}

export const isNull = (node: Node | undefined): boolean => node?.kind === 'scalar' && node.type === 'null'

/** The text of a string scalar. */
export const stringOf = (node: Node | undefined): string | undefined =>
  node?.kind === 'scalar' && node.type === 'str' ? (node.value as string) : undefined

export const mapOf = (node: Node | undefined): MapNode | undefined => (node?.kind === 'map' ? node : undefined)
export const seqOf = (node: Node | undefined): SeqNode | undefined => (node?.kind === 'seq' ? node : undefined)

/** Where the value stands. */
export const whereOf = (node: Positioned): Where => node.source.where(node.offset)
/** Where the key stands that the value belongs to, or the value itself if it has none. */
export const whereOfKey = (node: Positioned): Where =>
  node.source.where(node.keyOffset >= 0 ? node.keyOffset : node.offset)

/** What a value is called in messages about its type. */
export function kindName(node: Node): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'mapping' : 'list'
  return { str: 'string', int: 'integer', float: 'number', bool: 'boolean', null: 'null', timestamp: 'timestamp' }[
    node.type
  ]
}
