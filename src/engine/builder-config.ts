import { type CacheRule, type CacheType, cacheTypes } from '../build/cache/budget.ts'
import { parseBytes } from './bytes.ts'
import { parseAgo } from './time.ts'

/** bytes */
export const defaultKeepStorage = 20e9

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const size = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : typeof value === 'string' ? parseBytes(value) : undefined

/**
 * The key `builder` of the configuration, as of Docker's `daemon.json`: `{"gc": {"enabled": true, "defaultKeepStorage":
 * "10GB", "policy": [{"keepStorage": "5GB", "filter": ["unused-for=48h", "type=regular"], "all": true}]}}`. With policies
 * they alone count. @returns undefined for anything else
 */
export function parseBuilder(value: unknown): readonly CacheRule[] | undefined {
  if (!isObject(value) || Object.keys(value).some(key => key !== 'gc')) return undefined
  const { gc = {} } = value
  if (!isObject(gc)) return undefined
  const { enabled = true, defaultKeepStorage: keep = defaultKeepStorage, policy, ...others } = gc
  const budget = size(keep)
  if (typeof enabled !== 'boolean' || budget === undefined || Object.keys(others).length > 0) return undefined
  const rules = policy === undefined ? [{ budget, types: [] }] : parsePolicies(policy, budget)
  return rules && (enabled ? rules : [])
}

function parsePolicies(value: unknown, usual: number): readonly CacheRule[] | undefined {
  if (!Array.isArray(value)) return undefined
  const rules = value.map(policy => parsePolicy(policy, usual))
  return rules.every(rule => rule !== undefined) ? rules : undefined
}

/** `all` changes nothing: there is nothing internal or kept for a frontend here. */
function parsePolicy(value: unknown, usual: number): CacheRule | undefined {
  if (!isObject(value)) return undefined
  const { keepStorage = usual, filter = [], all = false, ...others } = value
  const budget = size(keepStorage)
  const filters = filtersOf(filter)
  if (budget === undefined || !filters || typeof all !== 'boolean' || Object.keys(others).length > 0) return undefined
  const wanted: CacheType[] = []
  let unusedForMs: number | undefined
  for (const [name, text] of filters) {
    const type = cacheTypes.find(known => known === text)
    if (name === 'unused-for') unusedForMs = parseAgo(text)
    else if (name === 'type' && type) wanted.push(type)
    else return undefined
    if (name === 'unused-for' && unusedForMs === undefined) return undefined
  }
  return { budget, types: wanted, ...(unusedForMs !== undefined && { unusedForMs }) }
}

/** `["unused-for=48h"]`, or as older files have it `{"unused-for": {"48h": true}}`; `==` is BuildKit's. */
function filtersOf(value: unknown): readonly (readonly [string, string])[] | undefined {
  if (isObject(value))
    return Object.entries(value).flatMap(([name, values]) =>
      isObject(values) ? Object.keys(values).map(text => [name, text] as const) : [['', '']],
    )
  if (!Array.isArray(value) || !value.every(item => typeof item === 'string')) return undefined
  return value.map(item => {
    const [, name = '', text = ''] = /^([^=]*)={1,2}(.*)$/.exec(item) ?? []
    return [name, text] as const
  })
}
