import { type ErrorCode, TscomposeError } from '../errors.ts'

/**
 * A JSON object that came from outside, read field by field: the door where it becomes typed. What is absent or null
 * (as Go writes what is empty) is undefined; what has the wrong type is an error that names the field.
 */
export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #what: string
  readonly #code: ErrorCode

  private constructor(fields: object, what: string, code: ErrorCode) {
    this.#fields = fields as Record<string, unknown>
    this.#what = what
    this.#code = code
  }

  /** @param what names the document in errors, which get the code `code` */
  static parse(text: string | Buffer, what: string, code: ErrorCode): JsonObject {
    return JsonObject.from(parseJson(text, what, code), what, code)
  }

  static parseList(text: string | Buffer, what: string, code: ErrorCode): readonly JsonObject[] {
    const value = parseJson(text, what, code)
    if (!Array.isArray(value)) throw new TscomposeError(code, `${what} is not a list`)
    return value.map((item, index) => JsonObject.from(item, `${what}[${index}]`, code))
  }

  static from(value: unknown, what: string, code: ErrorCode): JsonObject {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new TscomposeError(code, `${what} is not an object`)
    return new JsonObject(value, what, code)
  }

  string(key: string): string | undefined {
    return this.#typed(key, 'a string', value => typeof value === 'string')
  }

  number(key: string): number | undefined {
    return this.#typed(key, 'a number', value => typeof value === 'number')
  }

  boolean(key: string): boolean | undefined {
    return this.#typed(key, 'a boolean', value => typeof value === 'boolean')
  }

  /** A single string counts as a list of one, as in Docker. */
  strings(key: string): readonly string[] | undefined {
    const value = this.#get(key)
    if (typeof value === 'string') return [value]
    return this.#typed(key, 'a list of strings', isStrings)
  }

  stringMap(key: string): Readonly<Record<string, string>> | undefined {
    const map = this.#typed<Record<string, string>>(
      key,
      'a map of strings',
      value => isObject(value) && isStrings(Object.values(value)),
    )
    return map && { ...map }
  }

  /** A set as Go writes it: keys with empty objects. */
  keys(key: string): Readonly<Record<string, object>> | undefined {
    const set = this.#typed<object>(key, 'an object', isObject)
    return set && Object.fromEntries(Object.keys(set).map(name => [name, {}]))
  }

  object(key: string): JsonObject | undefined {
    const value = this.#get(key)
    return value === undefined ? undefined : JsonObject.from(value, this.#at(key), this.#code)
  }

  objects(key: string): readonly JsonObject[] | undefined {
    return this.#typed<unknown[]>(key, 'a list', Array.isArray)?.map((item, index) =>
      JsonObject.from(item, `${this.#at(key)}[${index}]`, this.#code),
    )
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined
  }

  names(): readonly string[] {
    return Object.keys(this.#fields)
  }

  /** The value that `read` finds, which must be there. */
  required<T>(key: string, read: (json: JsonObject, key: string) => T | undefined): T {
    const value = read(this, key)
    if (value === undefined) throw new TscomposeError(this.#code, `${this.#at(key)} is missing`)
    return value
  }

  invalid(message: string): TscomposeError {
    return new TscomposeError(this.#code, `${this.#what}: ${message}`)
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.#fields, key) ? (this.#fields[key] ?? undefined) : undefined
  }

  #typed<T>(key: string, expected: string, is: (value: unknown) => boolean): T | undefined {
    const value = this.#get(key)
    if (value === undefined || is(value)) return value as T | undefined
    throw new TscomposeError(this.#code, `${this.#at(key)} is not ${expected}`)
  }

  #at(key: string): string {
    return `${this.#what}: ${key}`
  }
}

function parseJson(text: string | Buffer, what: string, code: ErrorCode): unknown {
  try {
    return JSON.parse(text.toString())
  } catch (cause) {
    throw new TscomposeError(code, `${what} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(item => typeof item === 'string')

/** An object without the fields that are undefined. */
export const defined = <T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never
