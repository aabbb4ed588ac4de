import { posix } from 'node:path'
import type { Where } from '../../errors.ts'
import { closest } from '../../suggest.ts'
import { invalid } from './lines.ts'

const sharings = ['shared', 'private', 'locked'] as const

/** The words for the keys, and what each stands for. */
const keys = {
  type: 'type',
  from: 'from',
  source: 'source',
  src: 'source',
  target: 'target',
  dst: 'target',
  destination: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  readwrite: 'readwrite',
  rw: 'readwrite',
  id: 'id',
  sharing: 'sharing',
  required: 'required',
  size: 'size',
  mode: 'mode',
  uid: 'uid',
  gid: 'gid',
  env: 'env',
} as const
export type Key = (typeof keys)[keyof typeof keys]

/** Keys that may stand without a value. */
const switches: readonly Key[] = ['readonly', 'readwrite', 'required']

/** Splits at commas; a field in double quotes may hold some, and a quote in it is doubled. */
export function fieldsOf(text: string): readonly string[] {
  const fields = [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)]
  return fields.map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '').filter(field => field !== '')
}

/**
 * The values of a `--mount` by their keys; of a key given twice, the last.
 * @param expand expands the variables of one value
 */
export function readValues(text: string, where: Where, expand: (value: string) => string): ReadonlyMap<Key, string> {
  const values = new Map<Key, string>()
  for (const field of fieldsOf(text)) {
    const equals = field.indexOf('=')
    const word = (equals < 0 ? field : field.slice(0, equals)).toLowerCase()
    const key = Object.hasOwn(keys, word) ? keys[word as keyof typeof keys] : undefined
    if (!key) {
      const nearest = closest(word, Object.keys(keys))
      invalid(where, `unexpected key '${word}' in '${field}'`, nearest && `did you mean ${nearest}?`)
    }
    if (equals < 0 && !switches.includes(key)) invalid(where, `invalid field '${field}' must be a key=value pair`)
    values.set(key, equals < 0 ? 'true' : expand(field.slice(equals + 1)))
  }
  return values
}

/** Values by their keys, read as what they have to be. */
export class MountFields {
  readonly #values: ReadonlyMap<Key, string>
  readonly #where: Where

  constructor(values: ReadonlyMap<Key, string>, where: Where) {
    this.#values = values
    this.#where = where
  }

  target(): string {
    const target = this.#values.get('target') ?? ''
    if (!target) invalid(this.#where, 'a mount needs a target', 'give it a path: target=PATH')
    if (posix.normalize(target) === '/') invalid(this.#where, `invalid mount target ${JSON.stringify(target)}`)
    return target
  }

  optional<Name extends 'from' | 'target' | 'env'>(key: Name): { readonly [N in Name]?: string } {
    const value = this.#values.get(key)
    return (value ? { [key]: value } : {}) as { readonly [N in Name]?: string }
  }

  boolean(key: Key): boolean | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    if (/^(?:1|t|T|TRUE|true|True)$/.test(value)) return true
    if (/^(?:0|f|F|FALSE|false|False)$/.test(value)) return false
    return this.#invalid(key, value)
  }

  readonly(byDefault: boolean): boolean {
    const writable = this.boolean('readwrite')
    return this.boolean('readonly') ?? (writable === undefined ? byDefault : !writable)
  }

  sharing(): (typeof sharings)[number] {
    const value = this.#values.get('sharing')
    if (value === undefined) return 'shared'
    const sharing = sharings.find(candidate => candidate === value.toLowerCase())
    if (sharing) return sharing
    const nearest = closest(value, sharings)
    return invalid(
      this.#where,
      `unsupported sharing value ${JSON.stringify(value)}`,
      nearest ? `did you mean ${nearest}?` : `it can be ${sharings.join(', ')}`,
    )
  }

  owner(mode: number): { readonly mode: number; readonly uid: number; readonly gid: number } {
    return {
      mode: this.#number('mode', 8) ?? mode,
      uid: this.#number('uid', 10) ?? 0,
      gid: this.#number('gid', 10) ?? 0,
    }
  }

  /** As `64m`; a plain number is bytes. */
  size(): { readonly size?: number } {
    const value = this.#values.get('size')
    if (value === undefined) return {}
    const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(value) ?? []
    if (!number) this.#invalid('size', value)
    return { size: Math.trunc(Number(number) * 1024 ** ' kmgtp'.indexOf(unit.toLowerCase() || ' ')) }
  }

  #number(key: 'mode' | 'uid' | 'gid', radix: 8 | 10): number | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    const number = (radix === 8 ? /^[0-7]+$/ : /^\d+$/).test(value) ? Number.parseInt(value, radix) : Number.NaN
    if (!(number <= (radix === 8 ? 0o7777 : 0xffffffff))) invalid(this.#where, `invalid value ${value} for ${key}`)
    return number
  }

  #invalid(key: string, value: string): never {
    return invalid(this.#where, `invalid value for ${key}: ${value}`)
  }
}
