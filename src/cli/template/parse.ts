import { functions } from './functions.ts'
import { type Piece, splitTemplate, type Token, tokensOf, unquote } from './lex.ts'
import { type Command, type Node, type Operand, type Pipe, templateError } from './syntax.ts'

/** Reads a template of Go's text/template; templates within templates are not supported. */
export function parse(template: string): readonly Node[] {
  const pieces = [...splitTemplate(template)]
  const { nodes, end } = parseList(pieces)
  if (end !== undefined) throw templateError(`unexpected {{${end}}}`)
  return nodes
}

type Controls = 'if' | 'with' | 'range'
const isControl = (word: string): word is Controls => word === 'if' || word === 'with' || word === 'range'
const unsupported = new Set(['define', 'template', 'block', 'break', 'continue'])

/** @returns the nodes up to `{{end}}` or `{{else}}`, and that word with what follows it; undefined at the end of it all */
function parseList(pieces: Piece[]): { readonly nodes: readonly Node[]; readonly end?: string } {
  const nodes: Node[] = []
  for (let piece = pieces.shift(); piece; piece = pieces.shift()) {
    if ('text' in piece) {
      nodes.push({ kind: 'text', text: piece.text })
      continue
    }
    const { action } = piece
    const [word = '', rest = ''] = /^([a-z]*)(.*)$/s.exec(action)?.slice(1) ?? []
    if (word === 'end' || word === 'else') return { nodes, end: action }
    if (unsupported.has(word)) throw templateError(`{{${word}}} is not supported`)
    if (isControl(word)) nodes.push(parseControl(word, rest, pieces))
    else nodes.push({ kind: 'action', pipe: parsePipe(action) })
  }
  return { nodes }
}

function parseControl(kind: Controls, condition: string, pieces: Piece[]): Node {
  const pipe = parsePipe(condition)
  const { nodes: body, end } = parseList(pieces)
  if (end === undefined) throw templateError(`{{${kind}}} without {{end}}`)
  if (end === 'end') return { kind, pipe, body, otherwise: [] }
  const [, next, rest = ''] = /^else(?:\s+(if|with)\b(.*))?$/s.exec(end) ?? throwEnd(end)
  if (next && isControl(next)) return { kind, pipe, body, otherwise: [parseControl(next, rest, pieces)] }
  const { nodes: otherwise, end: last } = parseList(pieces)
  if (last !== 'end') throw templateError(`{{else}} without {{end}}`)
  return { kind, pipe, body, otherwise }
}

function throwEnd(end: string): never {
  throw templateError(`unexpected {{${end}}}`)
}

function parsePipe(text: string): Pipe {
  const tokens = [...tokensOf(text)]
  const pipe = readPipe(tokens, text)
  if (tokens.length > 0) throw templateError(`unexpected "${tokens[0]?.text}" in {{${text}}}`)
  return pipe
}

function readPipe(tokens: Token[], text: string): Pipe {
  const { variables, assigns } = readDeclaration(tokens)
  const commands: Command[] = []
  do {
    const [first, ...others] = readOperands(tokens, text)
    if (!first) throw templateError(`missing value in {{${text}}}`)
    commands.push([first, ...others])
  } while (takeMark(tokens, '|'))
  return { variables, assigns, commands }
}

/** `$a :=`, `$a, $b :=` or `$a =`, if there is one. */
function readDeclaration(tokens: Token[]): { readonly variables: readonly string[]; readonly assigns: boolean } {
  const end = tokens.findIndex(({ kind, text }) => kind === 'mark' && (text === ':=' || text === '='))
  const names = tokens.slice(0, Math.max(0, end)).filter(({ text }) => text !== ',')
  if (end < 0 || !names.every(({ kind }) => kind === 'variable')) return { variables: [], assigns: false }
  const taken = tokens.splice(0, end + 1)
  return { variables: names.map(({ text }) => text.slice(1)), assigns: taken.at(-1)?.text === '=' }
}

function takeMark(tokens: Token[], mark: string): boolean {
  const [next] = tokens
  if (next?.kind !== 'mark' || next.text !== mark) return false
  tokens.shift()
  return true
}

function readOperands(tokens: Token[], text: string): readonly Operand[] {
  const operands: Operand[] = []
  for (let [next] = tokens; next && (next.kind !== 'mark' || next.text === '('); [next] = tokens) {
    tokens.shift()
    operands.push(readOperand(next, tokens, text))
  }
  return operands
}

const namesOf = (chain: string): readonly string[] => chain.split('.').filter(Boolean)
const words: Readonly<Record<string, unknown>> = { true: true, false: false, nil: null }

function readOperand({ kind, text: word }: Token, tokens: Token[], text: string): Operand {
  switch (kind) {
    case 'string':
      return { kind: 'literal', value: unquote(word) }
    case 'number':
      return { kind: 'literal', value: Number(word) }
    case 'field':
      return { kind, names: namesOf(word) }
    case 'variable': {
      const [name = '', ...names] = word.slice(1).split('.')
      return { kind, name, names }
    }
    case 'word':
      if (word in words) return { kind: 'literal', value: words[word] }
      if (!Object.hasOwn(functions, word)) throw templateError(`function "${word}" not defined in {{${text}}}`)
      return { kind: 'function', name: word }
    case 'mark': {
      const pipe = readPipe(tokens, text)
      if (!takeMark(tokens, ')')) throw templateError(`unclosed left parenthesis in {{${text}}}`)
      const [chain] = tokens
      if (chain?.kind === 'chain') tokens.shift()
      return { kind: 'pipe', pipe, names: chain?.kind === 'chain' ? namesOf(chain.text) : [] }
    }
    case 'chain':
      throw templateError(`unexpected "${word}" in {{${text}}}`)
  }
}
