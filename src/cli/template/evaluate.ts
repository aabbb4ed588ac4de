import { functions, headerFunctions } from './functions.ts'
import { type Command, type Node, type Operand, type Pipe, templateError } from './syntax.ts'
import { type Fields, isObject, isTrue, member, textOf } from './values.ts'

/** What a template is carried out with. */
interface Scope {
  /** `.` */
  readonly dot: unknown
  /** By their names; `` is what the template was begun with. */
  readonly variables: Map<string, { value: unknown }>
  readonly functions: typeof functions
  /** Only names are shown, not values: it is a header that is made. */
  readonly title?: (name: string) => string
}

/** Carries out a template for an object. @throws TscomposeError CLI_FLAG */
export const evaluate = (nodes: readonly Node[], data: Fields): string =>
  list(nodes, { dot: data, variables: new Map([['', { value: data }]]), functions })

/** The header of a table whose lines the template makes. @param title of a field */
export const evaluateHeader = (nodes: readonly Node[], title: (name: string) => string): string =>
  list(nodes, { dot: '', variables: new Map([['', { value: '' }]]), functions: headerFunctions, title })

const list = (nodes: readonly Node[], scope: Scope): string => nodes.map(node => show(node, scope)).join('')

/** What is declared within a block is gone after it. */
const inner = (scope: Scope, dot = scope.dot): Scope => ({ ...scope, dot, variables: new Map(scope.variables) })

function show(node: Node, scope: Scope): string {
  switch (node.kind) {
    case 'text':
      return node.text
    case 'action': {
      const value = run(node.pipe, scope)
      if (node.pipe.variables.length > 0) return ''
      if (value === undefined) complain(node.pipe)
      return textOf(value)
    }
    case 'if':
    case 'with': {
      const block = inner(scope)
      const value = run(node.pipe, block)
      if (!isTrue(value)) return list(node.otherwise, inner(scope))
      return list(node.body, node.kind === 'with' ? { ...block, dot: value } : block)
    }
    case 'range': {
      const items = itemsOf(run({ ...node.pipe, variables: [] }, scope))
      if (items.length === 0) return list(node.otherwise, inner(scope))
      return items.map(item => list(node.body, withItem(node.pipe, item, scope))).join('')
    }
  }
}

/** Of a member that an object does not have: keys of maps begin as they like, the names of fields with a capital. */
function complain({ commands }: Pipe): void {
  const last = commands.at(-1)?.[0]
  const name = last && 'names' in last ? last.names.at(-1) : undefined
  if (name && /^\p{Lu}/u.test(name)) throw templateError(`can't evaluate field ${name}`)
}

/** Maps are gone through in the order of their keys. */
function itemsOf(value: unknown): readonly (readonly [key: unknown, item: unknown])[] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item])
  if (isObject(value)) {
    return Object.keys(value)
      .sort()
      .map(key => [key, value[key]])
  }
  if (typeof value === 'number') return Array.from({ length: value }, (_, index) => [index, index])
  if (!isTrue(value)) return []
  if (typeof value === 'string') return [[0, value]]
  throw templateError(`range can't iterate over ${textOf(value)}`)
}

function withItem({ variables }: Pipe, [key, item]: readonly [unknown, unknown], scope: Scope): Scope {
  const block = inner(scope, item)
  const [first, second] = variables
  if (second !== undefined) block.variables.set(second, { value: item })
  if (first !== undefined) block.variables.set(first, { value: second === undefined ? item : key })
  return block
}

function run({ variables: [name], assigns, commands }: Pipe, scope: Scope): unknown {
  const value = commands.reduce<readonly unknown[]>((piped, command) => [call(command, piped, scope)], [])[0]
  if (name === undefined) return value
  const known = scope.variables.get(name)
  if (assigns && !known) throw templateError(`undefined variable "$${name}"`)
  if (assigns && known) known.value = value
  else scope.variables.set(name, { value })
  return value
}

function call([head, ...rest]: Command, piped: readonly unknown[], scope: Scope): unknown {
  if (head.kind === 'function' && (head.name === 'and' || head.name === 'or')) {
    // The first that decides is the value; what stands behind it is not looked at.
    let value: unknown
    for (const operand of rest) {
      value = read(operand, scope)
      if (isTrue(value) === (head.name === 'or')) return value
    }
    return piped.length > 0 ? piped[0] : value
  }
  const values = [...rest.map(operand => read(operand, scope)), ...piped]
  if (head.kind === 'function') return scope.functions[head.name]?.(...values)
  if (head.kind === 'field' && head.names.length === 1 && head.names[0] === 'Label' && values.length > 0)
    return label(scope, textOf(values[0]))
  if (values.length > 0) throw templateError("can't give an argument to what is no function")
  return read(head, scope)
}

/** `.Label "name"`: what lists know of their objects' labels stands in `LabelMap`. */
function label({ dot, title }: Scope, name: string): string {
  if (title) return (name.split('.').at(-1) ?? '').replaceAll(/[-_]/g, ' ')
  const labels = isObject(dot) ? dot.LabelMap : undefined
  return isObject(labels) && Object.hasOwn(labels, name) ? textOf(labels[name]) : ''
}

function read(operand: Operand, scope: Scope): unknown {
  switch (operand.kind) {
    case 'literal':
      return operand.value
    case 'function':
      return scope.functions[operand.name]?.()
    case 'field':
      return follow(scope.dot, operand.names, scope)
    case 'variable': {
      const found = scope.variables.get(operand.name)
      if (!found) throw templateError(`undefined variable "$${operand.name}"`)
      return follow(found.value, operand.names, scope)
    }
    case 'pipe':
      return follow(run(operand.pipe, scope), operand.names, scope)
  }
}

function follow(value: unknown, names: readonly string[], { title }: Scope): unknown {
  const last = names.at(-1)
  if (last === undefined) return shown(value)
  return title ? title(last) : names.reduce(member, value)
}

/** The object as a whole, without what only {@link label} asks for. */
function shown(value: unknown): unknown {
  if (!isObject(value) || !('LabelMap' in value)) return value
  const { LabelMap: _, ...fields } = value
  return fields
}
