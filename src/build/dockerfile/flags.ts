import type { Where } from '../../errors.ts'
import { closest } from '../../suggest.ts'
import { invalid } from './lines.ts'

/** What an instruction's flags may be: with a value, with several, or `true` and `false`. */
export type FlagKind = 'text' | 'texts' | 'boolean'

/** A flag as it is written, `--name=value`. */
export interface WrittenFlag {
  readonly text: string
  readonly where: Where
}

/** The flags of an instruction by their names; each is asked for as what its kind says. */
export class Flags {
  readonly #values = new Map<string, string[]>()
  readonly #places = new Map<string, Where[]>()

  /** @throws TscomposeError BUILD_DOCKERFILE_INVALID for one that is unknown, given twice or without its value */
  constructor(written: readonly WrittenFlag[], kinds: Readonly<Record<string, FlagKind>>) {
    for (const { text, where } of written) {
      const equals = text.indexOf('=')
      const flag = equals < 0 ? text : text.slice(0, equals)
      const name = flag.slice(2)
      const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
      if (!kind) {
        const nearest = closest(name, Object.keys(kinds))
        invalid(where, `unknown flag: ${flag}`, nearest && `did you mean --${nearest}?`)
      }
      if (this.has(name) && kind !== 'texts') invalid(where, `duplicate flag specified: ${flag}`)
      const value = equals < 0 ? undefined : text.slice(equals + 1)
      if (kind === 'boolean') checkBoolean(flag, value, where)
      else if (value === undefined) invalid(where, `missing a value on flag: ${flag}`)
      this.#values.set(name, [...this.texts(name), value ?? 'true'])
      this.#places.set(name, [...this.places(name), where])
    }
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** Where each of its values stands. */
  places(name: string): readonly Where[] {
    return this.#places.get(name) ?? []
  }

  boolean(name: string): boolean | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : text.toLowerCase() === 'true'
  }
}

function checkBoolean(flag: string, value: string | undefined, where: Where): void {
  if (value === '') invalid(where, `missing a value on flag: ${flag}`)
  if (value !== undefined && !/^(?:true|false)$/i.test(value)) {
    invalid(where, `expecting boolean value for flag ${flag}, not: ${value}`)
  }
}
