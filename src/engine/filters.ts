import type { Filters, Labels } from './api.ts'
import { invalid } from './failures.ts'
import { parseMoment } from './time.ts'

/** @throws TscomposeError ENGINE_REQUEST_INVALID naming the first filter that is not in `accepted` */
export function validateFilters(filters: Filters, accepted: readonly string[]): void {
  for (const name of Object.keys(filters)) if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`)
}

const values = (filters: Filters, name: string): readonly string[] => filters[name] ?? []

/** Whether `value` is one of those asked for; true if none is. */
export const matchesExactly = (filters: Filters, name: string, value: string): boolean =>
  values(filters, name).length === 0 || values(filters, name).includes(value)

/** Whether `value` begins with one of those asked for; true if none is. */
export const matchesPrefix = (filters: Filters, name: string, value: string): boolean =>
  values(filters, name).length === 0 || values(filters, name).some(wanted => value.startsWith(wanted))

/** Whether one of the expressions asked for is equal to or found in one of `candidates`; true if none is asked for. */
export function matchesExpression(filters: Filters, name: string, candidates: readonly string[]): boolean {
  const wanted = values(filters, name)
  if (wanted.length === 0) return true
  return wanted.some(expression => candidates.includes(expression) || candidates.some(found(expression)))
}

function found(expression: string): (candidate: string) => boolean {
  try {
    const pattern = new RegExp(expression)
    return candidate => pattern.test(candidate)
  } catch {
    return () => false // as in Docker, what is no expression matches only itself
  }
}

/** Whether every `key` or `key=value` of the filter `label` is there. */
export const matchesLabels = (filters: Filters, labels: Labels, filter = 'label'): boolean =>
  values(filters, filter).every(wanted => {
    const equals = wanted.indexOf('=')
    const name = equals < 0 ? wanted : wanted.slice(0, equals)
    return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1))
  })

/**
 * The filters of the prune operations, as a judgement of one object.
 * @param created RFC 3339
 * @throws TscomposeError ENGINE_REQUEST_INVALID
 */
export function pruneFilter(filters: Filters = {}): (object: { labels: Labels; created: string }) => boolean {
  validateFilters(filters, ['label', 'label!', 'until'])
  const [until, ...more] = values(filters, 'until').map(parseMoment)
  if (more.length > 0) throw invalid('more than one until filter specified')
  return ({ labels, created }) =>
    matchesLabels(filters, labels) &&
    !values(filters, 'label!').some(unwanted => matchesLabels({ label: [unwanted] }, labels)) &&
    (until === undefined || Date.parse(created) < until)
}

/** A filter that is true or false; undefined if it is not given. @throws TscomposeError ENGINE_REQUEST_INVALID */
export function booleanFilter(filters: Filters, name: string): boolean | undefined {
  const wanted = new Set(values(filters, name).map(value => parseBoolean(name, value)))
  if (wanted.size > 1) throw invalid(`invalid filter '${name}=${values(filters, name).join(',')}'`)
  return [...wanted][0]
}

function parseBoolean(name: string, value: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  throw invalid(`invalid filter '${name}=${value}'`)
}
