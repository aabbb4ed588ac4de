import type { ScalarType, ScalarValue } from './node.ts'

/** What the text says, before aliases, merge keys and `!reset` are worked out. */
export type Syntax = SyntaxScalar | SyntaxMap | SyntaxSeq | SyntaxAlias

interface Base {
  readonly offset: number
  tag?: string
}
export interface SyntaxScalar extends Base {
  readonly kind: 'scalar'
  readonly type: ScalarType
  readonly value: ScalarValue
}
export interface SyntaxEntry {
  readonly key: SyntaxKey
  readonly value: Syntax
}
/** `name` is the text as written; `odd` says how Go would print a key that is no string. */
export interface SyntaxKey {
  readonly name: string
  readonly offset: number
  readonly merge: boolean
  readonly odd?: string
}
export interface SyntaxMap extends Base {
  readonly kind: 'map'
  readonly entries: SyntaxEntry[]
}
export interface SyntaxSeq extends Base {
  readonly kind: 'seq'
  readonly items: Syntax[]
}
export interface SyntaxAlias extends Base {
  readonly kind: 'alias'
  readonly name: string
  readonly target: Syntax
}
