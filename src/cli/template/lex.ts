import { templateError } from './syntax.ts'

/** A piece of a template: text, or what stands between braces. */
export type Piece = { readonly text: string } | { readonly action: string }

// A brace within a string does not end an action.
const action = /\{\{((?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|\/\*.*?\*\/|(?!\}\}).)*)\}\}/gs

/** Splits a template. White space goes where a brace has a `-` beside it; comments go, too. */
export function splitTemplate(template: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let trimsNext = false
  const addText = (text: string, trimsEnd: boolean) => {
    const start = trimsNext ? text.trimStart() : text
    const shown = trimsEnd ? start.trimEnd() : start
    if (shown.includes('{{')) throw templateError('unclosed action')
    if (shown !== '') pieces.push({ text: shown })
  }
  for (const match of template.matchAll(action)) {
    const [whole, inner = ''] = match
    addText(template.slice(at, match.index), /^-\s/.test(inner))
    trimsNext = /\s-$/.test(inner)
    const words = inner
      .replace(/^-(?=\s)/, '')
      .replace(/(?<=\s)-$/, '')
      .trim()
    if (!/^\/\*.*\*\/$/s.test(words)) pieces.push({ action: words })
    at = match.index + whole.length
  }
  addText(template.slice(at), false)
  return pieces
}

export type Token =
  | { readonly kind: 'mark'; readonly text: '(' | ')' | '|' | ',' | ':=' | '=' }
  | { readonly kind: 'word' | 'number' | 'string'; readonly text: string }
  /** `.A.B`, `$x.A`, and what stands directly behind a parenthesis. */
  | { readonly kind: 'field' | 'variable' | 'chain'; readonly text: string }

const identifier = '[\\p{L}_][\\p{L}\\p{N}_]*'
const token = new RegExp(
  [
    '(?<space>\\s+)',
    '(?<string>"(?:[^"\\\\\\n]|\\\\.)*"|`[^`]*`)',
    '(?<number>[-+]?\\d+(?:\\.\\d+)?)',
    `(?<variable>\\$(?:${identifier})?(?:\\.${identifier})*)`,
    `(?<field>(?:\\.${identifier})+|\\.)`,
    `(?<word>${identifier})`,
    '(?<mark>:=|[=|(),])',
  ].join('|'),
  'uy',
)

/** The words of an action. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const groups = token.exec(text)?.groups
    const [kind, word] = Object.entries(groups ?? {}).find(([, value]) => value !== undefined) ?? []
    if (kind === undefined || word === undefined)
      throw templateError(`unexpected ${JSON.stringify(text[at])} in {{${text}}}`)
    if (kind === 'field' && text[at - 1] === ')') tokens.push({ kind: 'chain', text: word })
    else if (kind !== 'space') tokens.push({ kind, text: word } as Token)
  }
  return tokens
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\', "'": "'" }

/** The value of a string in Go's notation. */
export function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1)
  return text.slice(1, -1).replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gi, (all, x, u, plain: string) => {
    if (x ?? u) return String.fromCodePoint(Number.parseInt(x ?? u, 16))
    const character = escapes[plain]
    if (character === undefined) throw templateError(`unknown escape ${all} in ${text}`)
    return character
  })
}
