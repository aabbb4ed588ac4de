import { invalid } from '../failures.ts'

/**
 * The shapes of request bodies as parsers: each makes a typed value of a JSON value, or throws
 * ENGINE_REQUEST_INVALID with the path of the field that is wrong.
 */
export type Parser<T> = (value: unknown, path: string) => T

const wrong = (path: string, expected: string, value: unknown) =>
  invalid(`invalid JSON: ${path || 'the body'} must be ${expected}, not ${JSON.stringify(value)?.slice(0, 80)}`)

const leaf =
  <T>(is: (value: unknown) => value is T, expected: string): Parser<T> =>
  (value, path) => {
    if (!is(value)) throw wrong(path, expected, value)
    return value
  }

export const string = leaf(value => typeof value === 'string', 'a string')
export const boolean = leaf(value => typeof value === 'boolean', 'true or false')
export const integer = leaf((value): value is number => Number.isInteger(value), 'a whole number')
/** A JSON object whose members are nobody's business here. */
export const anything = leaf(
  (value): value is object => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
)

export const list =
  <T>(item: Parser<T>): Parser<T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'a list', value)
    return value.map((element, index) => item(element, `${path}[${index}]`))
  }

export const pair: Parser<[number, number]> = (value, path) => {
  const [first, second, ...rest] = list(integer)(value, path)
  if (first === undefined || second === undefined || rest.length > 0) throw wrong(path, 'two whole numbers', value)
  return [first, second]
}

export const strings = list(string)
/** A command: Docker takes a single string for a list of one. */
export const command: Parser<string[]> = (value, path) => (typeof value === 'string' ? [value] : strings(value, path))

export const nullable =
  <T>(parse: Parser<T>): Parser<T | null> =>
  (value, path) =>
    value === null ? null : parse(value, path)

export const map =
  <T>(item: Parser<T>): Parser<Record<string, T>> =>
  (value, path) =>
    Object.fromEntries(
      Object.entries(anything(value, path)).map(([key, member]) => [key, item(member, join(path, key))]),
    )

export type Fields<T> = { readonly [Key in keyof Required<T>]: Parser<Exclude<T[Key], undefined>> }

/**
 * An object with the fields of `T`; others are left out, as dockerd does. null is as good as absent: clients written in
 * Go send it for every list and map that nobody filled.
 */
export const object =
  <T extends object>(fields: Fields<T>, ...required: (keyof T & string)[]): Parser<T> =>
  (value, path) => {
    const members = anything(value, path) as Record<string, unknown>
    const parsed: Record<string, unknown> = {}
    for (const [key, parse] of Object.entries<Parser<unknown>>(fields)) {
      const member = members[key]
      if (member !== undefined && member !== null) parsed[key] = parse(member, join(path, key))
      else if (required.some(name => name === key)) throw wrong(join(path, key), 'given', member ?? null)
    }
    return parsed as T
  }

const join = (path: string, key: string) => (path ? `${path}.${key}` : key)
