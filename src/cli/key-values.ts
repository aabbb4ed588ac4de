import type { Filters } from '../engine/api.ts'
import { TscomposeError } from '../errors.ts'

/** `key=value` of a flag that may be given several times; a key alone has the empty value. */
export const keyValues = (texts: readonly string[] = []): Record<string, string> =>
  Object.fromEntries(
    texts.map(text => {
      const [key = '', ...value] = text.split('=')
      return [key, value.join('=')]
    }),
  )

/** `--filter name=value`, given several times. @throws TscomposeError CLI_FLAG */
export function filtersOf(texts: readonly string[] = []): Filters {
  const filters: Filters = {}
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals < 0)
      throw new TscomposeError(
        'CLI_FLAG',
        `invalid argument "${text}" for "-f, --filter" flag: bad format of filter (expected name=value)`,
      )
    const name = text.slice(0, equals).trim().toLowerCase()
    filters[name] = [...(filters[name] ?? []), text.slice(equals + 1).trim()]
  }
  return filters
}
