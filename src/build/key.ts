import { createHash } from 'node:crypto'

/** What identifies a stack of layers, or a step on top of one: 64 hex digits. */
export type Key = string

/** The stack that has no layers. */
export const noLayers: Key = keyOf('empty', [])

/** The digest of a value that has a JSON form; the order of the keys of its objects counts, too. */
export function keyOf(kind: string, value: unknown): Key {
  return createHash('sha256')
    .update(JSON.stringify([kind, value]))
    .digest('hex')
}

/** A stack with one more layer. */
export const stackedOn = (below: Key, layer: string): Key => keyOf('layer', [below, layer])

export const stackOf = (layers: readonly string[]): Key => layers.reduce(stackedOn, noLayers)

/** Pairs in an order that does not depend on how they were come by. */
export const sortedPairs = (pairs: Iterable<readonly [string, string]>): (readonly [string, string])[] =>
  [...pairs].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
