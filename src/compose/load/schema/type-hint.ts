import { isNull, type Node } from '../yaml/node.ts'
import { knownKeys } from './known-keys.ts'

const durations = ['interval', 'timeout', 'start_period', 'start_interval', 'stop_grace_period', 'delay', 'window']

/** What to do about a value of the wrong type, where beginners' mistakes have an obvious answer. */
export function typeHint(node: Node, path: readonly string[], wanted: unknown): { readonly fix?: string } {
  const key = path.at(-1) ?? ''
  if (wanted === 'object' && isNull(node)) return { fix: `Nothing belongs to ${key}: indent what should, by spaces.` }
  if (node.kind !== 'scalar' || isNull(node)) return {}
  const value = String(node.value)
  if (wanted === 'array') return { fix: `Write a list: ${key}: [${JSON.stringify(value)}]` }
  const [, name, rest] = /^([A-Za-z_]\w*)=(.*)$/.exec(value) ?? []
  if (wanted === 'object' && name !== undefined)
    return { fix: `Write a mapping: ${key}: {${name}: ${JSON.stringify(rest)}}` }
  // `null` is what is told first of an attribute that takes a text, a list or nothing.
  if (['string', 'null'].includes(String(wanted)) && node.type !== 'str')
    return { fix: durations.includes(key) ? `Give it a unit: ${value}s` : `Put it in quotes: "${value}"` }
  return {}
}

/** What to do about a service that is no mapping. */
export async function serviceHint(name: string, node: Node): Promise<{ readonly fix?: string }> {
  if ((await knownKeys(['services', 'x'])).includes(name))
    return { fix: `"${name}" is an attribute: indent it further than the name of its service.` }
  const [, key, rest] = (node.kind === 'scalar' && /^([a-z_]+):(\S.*)$/.exec(String(node.value))) || []
  return key === undefined ? {} : { fix: `A blank belongs after the colon: ${key}: ${rest}` }
}

/** What to do about a key of the top level that is not known. */
export const topLevelHint = (node: Node): { readonly fix?: string } =>
  node.kind === 'map' && (node.entries.has('image') || node.entries.has('build'))
    ? { fix: 'It looks like a service: indent it beneath a line "services:".' }
    : {}
