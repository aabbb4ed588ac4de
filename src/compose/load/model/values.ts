import { shortestFloat32 } from '../go-format.ts'
import { scalarText } from '../merge.ts'
import { compareText, define } from '../plain.ts'
import { parseBytes } from '../syntax/bytes.ts'
import { formatDuration, parseDuration } from '../syntax/duration.ts'
import { splitCommand } from '../syntax/shell-words.ts'
import type { Node } from '../yaml/node.ts'
import { isNull, stringOf } from '../yaml/node.ts'
import type { Canonical, Decoding, Shape } from './shape.ts'
import { goType } from './shape.ts'

const unconvertible = (node: Node, at: Decoding, type: string): never =>
  at.fail(node, `expected type '${type}', got unconvertible type '${goType(node)}'`)

/** Go's fmt.Sprint. */
export const printed = (node: Node): string =>
  node.kind === 'scalar'
    ? scalarText(node)
    : node.kind === 'seq'
      ? `[${node.items.map(printed).join(' ')}]`
      : `map[${[...node.entries].map(([key, value]) => `${key}:${printed(value)}`).join(' ')}]`

function textValue(node: Node, at: Decoding): string {
  if (node.kind === 'scalar' && (node.type === 'str' || node.type === 'int')) return String(node.value)
  return isNull(node) ? '' : unconvertible(node, at, 'string')
}

/** Text; an empty one is none. */
export const text: Shape = { decode: (node, at) => textValue(node, at) || undefined }
/** Text in a list, where an empty one counts. */
export const item: Shape = { decode: textValue }
/** Text that is printed even if empty. */
export const textAlways = item

function number(type: string, node: Node, at: Decoding, cast: boolean): number | bigint | undefined {
  if (isNull(node)) return undefined
  if (node.kind !== 'scalar') return unconvertible(node, at, type)
  if (node.type === 'int') return node.value as number | bigint
  if (node.type === 'float') return node.value as number
  if (node.type !== 'str' || !cast) return unconvertible(node, at, type)
  const digits = node.value as string
  const whole = type.startsWith('int')
  if (!(whole ? /^[-+]?\d+$/ : /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/).test(digits))
    at.fail(node, `strconv.${whole ? 'ParseInt' : 'ParseFloat'}: parsing ${JSON.stringify(digits)}: invalid syntax`)
  return Number(digits)
}

const truncated = (value: number | bigint): number | bigint =>
  typeof value === 'number' ? Math.trunc(value) + 0 : value

const wholeNumber = (type: string, keepZero: boolean): Shape => ({
  decode(node, at) {
    const value = number(type, node, at, type.startsWith('int'))
    if (value === undefined) return undefined
    if (type.startsWith('uint') && value < 0) at.fail(node, `cannot parse value as '${type}': ${value} overflows uint`)
    return value || keepZero ? truncated(value) : undefined
  },
})

export const int = wholeNumber('int64', false)
/** A number whose zero is a value. */
export const intOrZero = wholeNumber('int', true)
export const uint = wholeNumber('uint64', false)
export const uintOrZero = wholeNumber('uint64', true)

export const float32: Shape = {
  decode(node, at) {
    const value = number('float32', node, at, true)
    return value ? shortestFloat32(Number(value)) : undefined
  },
}

function booleanValue(node: Node, at: Decoding): boolean | undefined {
  if (isNull(node)) return undefined
  if (node.kind === 'scalar' && node.type === 'bool') return node.value as boolean
  const word = stringOf(node)?.toLowerCase() ?? unconvertible(node, at, 'bool')
  if (['true', 'y', 'yes', 'on'].includes(word)) return true
  if (['false', 'n', 'no', 'off'].includes(word)) return false
  return at.fail(node, `invalid boolean: ${stringOf(node)}`)
}

/** False is none. */
export const flag: Shape = { decode: (node, at) => booleanValue(node, at) || undefined }
/** False, true, or nothing said. */
export const flagOrUnset: Shape = { decode: booleanValue }
/** True unless said otherwise; only false is told. */
export const optOut: Shape = { decode: (node, at) => (booleanValue(node, at) === false ? false : undefined) }
export const flagAlways: Shape = { decode: (node, at) => booleanValue(node, at) ?? false }

/** Bytes, as a text of digits; numbers with a fraction are ignored, as they are there. */
const bytesShape = (keepZero: boolean): Shape => ({
  decode(node, at) {
    const plain = stringOf(node)
    if (plain === undefined && !(node.kind === 'scalar' && node.type === 'int')) return keepZero ? '0' : undefined
    const value =
      plain === undefined ? String((node as { value: unknown }).value) : String(at.parse(node, () => parseBytes(plain)))
    return value === '0' && !keepZero ? undefined : value
  },
})
export const bytes = bytesShape(false)
export const bytesAlways = bytesShape(true)

const durationShape = (keepZero: boolean): Shape => ({
  decode(node, at) {
    if (isNull(node)) return undefined
    const value = at.parse(node, () => parseDuration(printed(node)))
    return value === 0n && !keepZero ? undefined : formatDuration(value)
  },
})
export const duration = durationShape(true)
/** A duration whose zero is none. */
export const durationNotZero = durationShape(false)

export const cpus: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    const value = stringOf(node)
    if (value !== undefined && !/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(value))
      at.fail(node, `strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`)
    const size = value === undefined ? number('float32', node, at, false) : Number(value)
    return size ? shortestFloat32(Number(size)) : undefined
  },
}

export const fileMode: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    const octal = stringOf(node)
    if (octal !== undefined && !/^[-+]?[0-7]+$/.test(octal))
      at.fail(node, `strconv.ParseInt: parsing ${JSON.stringify(octal)}: invalid syntax`)
    if (octal !== undefined) return `0${Number.parseInt(octal, 8).toString(8)}`
    if (node.kind !== 'scalar' || node.type !== 'int')
      return at.fail(node, `unexpected value type ${goType(node)} for mode`)
    return `0${Number(node.value).toString(8)}`
  },
}

export const deviceCount: Shape = {
  decode(node, at) {
    const value = stringOf(node)
    if (value === undefined) return wholeNumber('int64', false).decode(node, at)
    if (value.toLowerCase() === 'all') return -1
    if (/^[-+]?\d+$/.test(value)) return Number(value) || undefined
    return at.fail(node, `invalid value ${JSON.stringify(value)}, the only value allowed is 'all' or a number`)
  },
}

/** null: the image's own; an empty list: none at all. */
export const command: Shape = {
  decode(node, at) {
    const line = stringOf(node)
    if (line !== undefined) return at.parse(node, () => splitCommand(line).words)
    return node.kind === 'seq' ? node.items.map(printed) : undefined
  },
}

export const healthTest: Shape = {
  decode(node, at) {
    const line = stringOf(node)
    if (line !== undefined) return ['CMD-SHELL', line]
    if (isNull(node)) return undefined
    if (node.kind !== 'seq') return at.fail(node, `unexpected value type ${goType(node)} for healthcheck.test`)
    return node.items.length > 0 ? node.items.map(printed) : undefined
  },
}

/** One text or a list of texts. */
export const stringList: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    const one = stringOf(node)
    if (one !== undefined) return [one]
    if (node.kind !== 'seq') return at.fail(node, `invalid type ${goType(node)} for string list`)
    const list = node.items.map(
      entry => stringOf(entry) ?? at.fail(entry, `invalid type ${goType(node)} for string list`),
    )
    return list.length > 0 ? list : undefined
  },
}

export const stringOrNumberList: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    if (node.kind !== 'seq') return stringList.decode(node, at)
    return node.items.length > 0 ? node.items.map(printed) : undefined
  },
}

/** `KEY=VALUE` texts or a map. `bare` is the value of a key that has none. */
const keyValues = (bare: string | null, checkSpaces: boolean, what: string): Shape => ({
  decode(node, at) {
    const pairs: [string, string | null][] = []
    if (isNull(node)) return undefined
    if (node.kind === 'map') {
      for (const [key, value] of node.entries) pairs.push([key, isNull(value) ? bare : printed(value)])
    } else if (node.kind === 'seq') {
      for (const entry of node.items) {
        const line = printed(entry)
        const equals = line.indexOf('=')
        const key = equals < 0 ? line : line.slice(0, equals)
        if (checkSpaces && /\s$/.test(key))
          at.fail(entry, `environment variable ${key} is declared with a trailing space`)
        pairs.push([key, equals < 0 ? bare : line.slice(equals + 1)])
      }
    } else return at.fail(node, `unexpected value type ${goType(node)} for ${what}`)
    return sorted(pairs)
  },
})

function sorted(pairs: readonly (readonly [string, unknown])[]): Canonical | undefined {
  const result: Canonical = {}
  for (const [key, value] of [...pairs].sort(([a], [b]) => compareText(a, b))) define(result, key, value)
  return pairs.length > 0 ? result : undefined
}

export const environment = keyValues(null, true, 'mapping')
export const mapping = keyValues('', false, 'mapping')
export const labels = keyValues('', false, 'labels')

export const options: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    if (node.kind !== 'map') return at.fail(node, `invalid type ${goType(node)} for options`)
    return sorted([...node.entries].map(([key, value]) => [key, isNull(value) ? '' : printed(value)]))
  },
}

export const multiOptions: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    if (node.kind !== 'map') return at.fail(node, `invalid type ${goType(node)} for options`)
    return sorted(
      [...node.entries].map(([key, value]) => [
        key,
        value.kind === 'seq' ? value.items.map(printed) : [printed(value)],
      ]),
    )
  },
}

/** `host=address` for each address, sorted. */
export const hosts: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    const addresses = new Map<string, string[]>()
    const add = (host: string, list: readonly string[]) =>
      addresses.set(host, [...(addresses.get(host) ?? []), ...list])
    if (node.kind === 'map') {
      for (const [host, value] of node.entries)
        add(host, value.kind === 'seq' ? value.items.map(printed) : [stringOf(value) ?? ''])
    } else if (node.kind === 'seq') {
      for (const entry of node.items) {
        const line = printed(entry)
        const separator = line.includes('=') ? line.indexOf('=') : line.indexOf(':')
        if (separator < 0) at.fail(entry, `invalid additional host, missing IP: ${line}`)
        add(line.slice(0, separator), line.slice(separator + 1).split(','))
      }
    } else return at.fail(node, `unexpected value type ${goType(node)} for extra_hosts`)
    const lines: string[] = []
    for (const [host, list] of addresses) {
      if (host === '' || /[:=]/.test(host)) at.fail(node, `bad host name '${host}'`)
      for (const address of list) lines.push(`${host}=${/^\[.+\]$/.test(address) ? address.slice(1, -1) : address}`)
    }
    return lines.length > 0 ? lines.sort(compareText) : undefined
  },
}

/** One number for both limits, or both. */
export const ulimit: Shape = {
  decode(node, at) {
    const limit = (part: Node | undefined) => (part ? Number(number('int', part, at, true) ?? 0) : 0)
    if (node.kind !== 'map') return limit(node) || { soft: 0, hard: 0 }
    return { soft: limit(node.entries.get('soft')), hard: limit(node.entries.get('hard')) }
  },
  json(value) {
    if (typeof value === 'number') return value
    return Object.fromEntries(Object.entries(value as Canonical).filter(([, limit]) => limit !== 0))
  },
}

/** `id` or `id=path`; the original prints a form that cannot be read again. */
export const sshKeys: Shape = {
  decode(node, at) {
    if (isNull(node)) return undefined
    if (node.kind !== 'map') return at.fail(node, `invalid ssh config type ${goType(node)}`)
    const keys = [...node.entries].map(([id, path]) =>
      isNull(path) || printed(path) === '' ? id : `${id}=${printed(path)}`,
    )
    return keys.length > 0 ? keys : undefined
  },
}
