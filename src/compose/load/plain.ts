import { Literal } from './yaml/literal.ts'
import type { Node, ScalarNode } from './yaml/node.ts'

/**
 * A tree as plain values, keys in the order of the file. Numbers beyond JavaScript's become texts.
 * @param refuse what to do with infinity and the like, which become texts, too
 */
export function toPlain(node: Node, refuse?: (node: ScalarNode) => never): unknown {
  if (node.kind === 'scalar') {
    const { value } = node
    if (typeof value === 'bigint') return String(value)
    if (typeof value !== 'number' || Number.isFinite(value)) return value
    return refuse ? refuse(node) : String(value)
  }
  if (node.kind === 'seq') return node.items.map(item => toPlain(item, refuse))
  const plain: Record<string, unknown> = {}
  for (const [key, value] of node.entries) if (key !== SECRET_CONTENT) define(plain, key, toPlain(value, refuse))
  return plain
}

/** Sets a property, `__proto__` included, which an assignment would not. */
export function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, writable: true })
  else object[key] = value
}

/** A key no file can have a use for: the content of a secret, which is never printed. */
export const SECRET_CONTENT = '#content'

/** As `toPlain`, but to be printed: with the keys of maps sorted as Go's JSON encoder sorts them, and nothing lost. */
export function toSorted(node: Node): unknown {
  if (node.kind === 'scalar') return literalOf(node) ?? toPlain(node)
  if (node.kind === 'seq') return node.items.map(toSorted)
  const plain: Record<string, unknown> = {}
  for (const [key, value] of [...node.entries].sort(([a], [b]) => compareText(a, b)))
    if (key !== SECRET_CONTENT) define(plain, key, toSorted(value))
  return plain
}

function literalOf({ type, value }: ScalarNode): Literal | undefined {
  if (typeof value === 'bigint') return new Literal(String(value), String(value))
  if (type !== 'timestamp') return undefined
  const time = isoTime(String(value))
  return new Literal(time, JSON.stringify(time))
}

/** `2024-01-01 00:00:00 +0000 UTC` as `2024-01-01T00:00:00Z`. */
const isoTime = (text: string): string => {
  const [day = '', time = '', zone = ''] = text.split(' ')
  return `${day}T${time}${zone === '+0000' ? 'Z' : zone.replace(/(?=..$)/, ':')}`
}

/** By code point, as Go compares texts. */
export const compareText = (a: string, b: string): number => {
  if (a === b) return 0
  for (let at = 0; at < a.length && at < b.length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    // Surrogates are less than the code units above them, but stand for greater code points.
    return (left >= 0xd800 && left < 0xe000 ? left + 0x10000 : left) <
      (right >= 0xd800 && right < 0xe000 ? right + 0x10000 : right)
      ? -1
      : 1
  }
  return a.length - b.length
}

/**
 * JavaScript moves keys such as "10" to the front of an object. Only names that the user chose look like that, and maps
 * of those are sorted, so sorting them again restores their order.
 */
export function entriesInOrder<T>(
  object: Readonly<Record<string, T>>,
  compare: (a: string, b: string) => number,
): [string, T][] {
  const entries = Object.entries(object)
  return /^\d+$/.test(entries[0]?.[0] ?? '') ? entries.sort(([a], [b]) => compare(a, b)) : entries
}
