import { templateError } from './syntax.ts'

/** Values as Go has them: what is JSON here was a struct, a map or a list there. */

export type Fields = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What `if` takes for true: anything but false, 0, nothing, and what is empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (isObject(value)) return Object.keys(value).length > 0
  return Boolean(value)
}

/** As fmt.Print writes it. A list that is null is one without items to Go. */
export function textOf(value: unknown): string {
  if (value === undefined) return '<no value>'
  if (value === null) return '[]'
  if (Array.isArray(value)) return `[${value.map(textOf).join(' ')}]`
  if (!isObject(value)) return String(value)
  // The fields of a struct begin with capitals, the keys of most maps do not.
  const keys = Object.keys(value)
  if (keys.length > 0 && keys.every(key => /^[A-Z]/.test(key))) return `{${Object.values(value).map(textOf).join(' ')}}`
  return `map[${keys
    .sort()
    .map(key => `${key}:${textOf(value[key])}`)
    .join(' ')}]`
}

/**
 * A member of a value. Structs leave out what is empty, so a name that is not there may be a mistake or not: undefined
 * stands for that, and who prints it complains.
 */
export function member(value: unknown, name: string): unknown {
  if (isObject(value)) return Object.hasOwn(value, name) ? value[name] : undefined
  if (value === undefined || value === null) throw templateError(`nil pointer evaluating .${name}`)
  throw templateError(`can't evaluate field ${name} in ${textOf(value)}`)
}

/** Go's `index`: an item of a list or map by each key in turn; a key that a map lacks gives an empty value. */
export function indexed(value: unknown, ...keys: readonly unknown[]): unknown {
  return keys.reduce((inner, key) => {
    if (Array.isArray(inner) || typeof inner === 'string') {
      if (!Number.isInteger(key)) throw templateError(`cannot index a list with ${JSON.stringify(key)}`)
      if (Number(key) < 0 || Number(key) >= inner.length) throw templateError(`index out of range: ${key}`)
      return inner[Number(key)]
    }
    if (isObject(inner)) return Object.hasOwn(inner, String(key)) ? inner[String(key)] : ''
    if (inner === undefined || inner === null || inner === '') return ''
    throw templateError(`can't index ${textOf(inner)}`)
  }, value)
}

export function lengthOf(value: unknown): number {
  if (value === undefined || value === null) return 0
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.length
  if (isObject(value)) return Object.keys(value).length
  throw templateError(`len of ${textOf(value)}`)
}
