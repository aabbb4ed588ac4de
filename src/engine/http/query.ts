import type { Filters } from '../api.ts'
import { invalid } from '../failures.ts'

/** The query of a request, read as dockerd reads it (api/server/httputils/form.go). An absent parameter is undefined. */
export class Query {
  readonly #parameters: URLSearchParams

  constructor(text: string) {
    this.#parameters = new URLSearchParams(text)
  }

  /** Undefined for an empty value, too: clients send empty parameters for what the user did not give. */
  text(name: string): string | undefined {
    return this.#parameters.get(name) || undefined
  }

  /** The values of a parameter that may be given several times. */
  all(name: string): readonly string[] {
    return this.#parameters.getAll(name).filter(value => value !== '')
  }

  /** Everything but nothing and the words for no is true. */
  boolean(name: string): boolean | undefined {
    const value = this.#parameters.get(name)
    return value === null ? undefined : !['', '0', 'no', 'false', 'none'].includes(value.trim().toLowerCase())
  }

  /** @throws TscomposeError ENGINE_REQUEST_INVALID */
  integer(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^[+-]?\d+$/.test(value)) throw invalid(`invalid value for ${name}: "${value}" is not a whole number`)
    return Number(value)
  }

  /**
   * Docker's filters, in the map form `{"label":{"a=b":true}}` and in the older list form `{"label":["a=b"]}`.
   * @throws TscomposeError ENGINE_REQUEST_INVALID
   */
  filters(name = 'filters'): Filters | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      throw invalid(`invalid filter: ${text} is not JSON`)
    }
    if (!isObject(parsed)) throw invalid(`invalid filter: ${text} is not an object`)
    return Object.fromEntries(Object.entries(parsed).map(([key, values]) => [key, filterValues(key, values)]))
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function filterValues(name: string, values: unknown): string[] {
  if (Array.isArray(values) && values.every(value => typeof value === 'string')) return values
  if (isObject(values)) return Object.keys(values)
  throw invalid(`invalid filter "${name}": expected a list of strings or a map of strings`)
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

/** `options` without what is undefined, so that an absent parameter is an absent option. */
export const defined = <T extends object>(options: T): Defined<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>
