import { compareText } from './plain.ts'
import { referenceAt } from './template.ts'
import type { MapNode, Node } from './yaml/node.ts'

/** What a model says of a variable, in the words of `config --variables`. */
export interface Variable {
  readonly Name: string
  readonly DefaultValue: string
  readonly PresenceValue: string
  readonly Required: boolean
}

/** The variables of a model that was not interpolated, by name; of several references the last one counts. */
export function variables(root: MapNode): Record<string, Variable> {
  const found = new Map<string, Variable>()
  collect(root, found)
  return Object.fromEntries([...found].sort(([a], [b]) => compareText(a, b)))
}

function collect(node: Node, found: Map<string, Variable>): void {
  if (node.kind === 'map') for (const value of node.entries.values()) collect(value, found)
  else if (node.kind === 'seq') for (const item of node.items) collect(item, found)
  else if (node.type === 'str') fromText(node.value as string, found, 0)
}

function fromText(text: string, found: Map<string, Variable>, depth: number): void {
  if (depth > 100) return
  for (let dollar = text.indexOf('$'); dollar >= 0; ) {
    const reference = readReference(text, dollar)
    if (typeof reference !== 'object') {
      dollar = text.indexOf('$', dollar + (reference === 'escaped' ? 2 : 1))
      continue
    }
    const { name, operator, operand } = reference
    const absence = operator === '-' || operator === ':-'
    const presence = operator === '+' || operator === ':+'
    found.set(name, {
      Name: name,
      DefaultValue: absence ? operand : '',
      PresenceValue: presence ? operand : '',
      Required: operator === '?' || operator === ':?',
    })
    if (absence || presence) fromText(operand, found, depth + 1)
    dollar = text.indexOf('$', reference.end)
  }
}

/** Malformed references are none here: this is told of files that may not be loadable. */
function readReference(text: string, at: number): ReturnType<typeof referenceAt> {
  try {
    return referenceAt(text, at)
  } catch {
    return undefined
  }
}
