import { printf } from './printf.ts'
import { templateError } from './syntax.ts'
import { indexed, isTrue, lengthOf, textOf } from './values.ts'

type Values = readonly unknown[]

const comparable = (value: unknown): string | number | boolean | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined

function compare(a: unknown, b: unknown): number {
  const [left, right] = [comparable(a), comparable(b)]
  if (left === undefined || right === undefined || typeof left !== typeof right)
    throw templateError(`incompatible types for comparison: ${textOf(a)}, ${textOf(b)}`)
  return left < right ? -1 : left > right ? 1 : 0
}
const equal = (a: unknown, b: unknown): boolean => a === b || (!isTrue(a) && !isTrue(b) && typeof a === typeof b)

/** Go's Sprint puts a blank between operands neither of which is a string. */
const print = (values: Values): string =>
  values.reduce<string>((text, value, index) => {
    const blank = index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string'
    return `${text}${blank ? ' ' : ''}${textOf(value)}`
  }, '')

const strings = (list: unknown): readonly string[] => (Array.isArray(list) ? list : list ? [list] : []).map(textOf)

/**
 * The functions of docker's `--format`, and those that Go has by itself. `and` and `or`, which need not look at all their
 * arguments, are in evaluate.ts.
 */
export const functions: Readonly<Record<string, (...values: Values) => unknown>> = {
  json: value => JSON.stringify(value ?? null),
  lower: value => textOf(value).toLowerCase(),
  upper: value => textOf(value).toUpperCase(),
  title: value => textOf(value).replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, letter => letter.toUpperCase()),
  join: (list, separator) => strings(list).join(textOf(separator)),
  split: (text, separator) => textOf(text).split(textOf(separator)),
  truncate: (text, length) => textOf(text).slice(0, Number(length)),
  pad: (text, before, after) => `${' '.repeat(Number(before))}${textOf(text)}${' '.repeat(Number(after))}`,
  len: lengthOf,
  index: indexed,
  slice: (value, from = 0, to) =>
    (Array.isArray(value) ? value : textOf(value)).slice(Number(from), to === undefined ? undefined : Number(to)),
  print: (...values) => print(values),
  println: (...values) => `${values.map(textOf).join(' ')}\n`,
  printf: (format, ...values) => printf(textOf(format), values),
  urlquery: (...values) => encodeURIComponent(print(values)).replaceAll('%20', '+'),
  html: (...values) => print(values).replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`),
  and: (...values) => values.find(value => !isTrue(value)) ?? values.at(-1),
  or: (...values) => values.find(isTrue) ?? values.at(-1),
  not: value => !isTrue(value),
  eq: (a, ...others) => others.some(b => equal(a, b)),
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
}

/** In the header of a table, what changes a value leaves its title as it is. */
export const headerFunctions: typeof functions = {
  ...functions,
  ...Object.fromEntries(
    ['json', 'lower', 'upper', 'title', 'join', 'split', 'truncate', 'pad', 'len', 'index', 'slice'].map(name => [
      name,
      (...values: Values) => values[0],
    ]),
  ),
}
