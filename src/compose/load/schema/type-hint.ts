import { isNull, type Node } from '../yaml/node.ts'

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
