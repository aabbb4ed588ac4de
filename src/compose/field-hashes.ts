import type { Service } from './project.ts'

/** Where a container keeps them, so that nobody's labels get longer. */
export const fieldHashesAnnotation = 'tscompose.config-fields'

/** Attributes that do not make a service's containers others, as the configuration hash has it. */
const without = ['build', 'pull_policy', 'pull_refresh_after', 'scale', 'depends_on', 'profiles']

/**
 * A short hash of each value of a service by its path (`environment.DEBUG`), lists as a whole: later it tells which have
 * changed, without a second copy of what they were.
 */
export function fieldHashes({ canonical }: Pick<Service, 'canonical'>): Record<string, string> {
  // Loaded where it is needed, as for the configuration hash.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const hashes: Record<string, string> = {}
  const visit = (value: unknown, path: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0)
      for (const [key, inner] of Object.entries(value)) visit(inner, path === '' ? key : `${path}.${key}`)
    else if (path !== '')
      hashes[path] = createHash('sha256')
        .update(JSON.stringify(value) ?? '')
        .digest('hex')
        .slice(0, 8)
  }
  visit(Object.fromEntries(Object.entries(canonical).filter(([key]) => !without.includes(key))), '')
  return hashes
}

/** How many paths a reason names. */
const named = 3

/**
 * What is another now than when a container was made: `environment.DEBUG, image`.
 * @param before as it was written down; undefined for containers that others have made
 */
export function changedFields(before: string | undefined, service: Pick<Service, 'canonical'>): string | undefined {
  if (before === undefined) return undefined
  const [old, now] = [parse(before), fieldHashes(service)]
  const changed = [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter(path => old[path] !== now[path])
    .sort()
  if (changed.length === 0) return undefined
  const more = changed.length > named ? ` and ${changed.length - named} more` : ''
  return `${changed.slice(0, named).join(', ')}${more}`
}

function parse(text: string): Record<string, string> {
  try {
    return JSON.parse(text)
  } catch {
    return {} // not ours
  }
}
