import { formatFloat } from '../go-format.ts'
import { entriesInOrder } from '../plain.ts'
import { Literal } from './literal.ts'
import { resolvePlain } from './resolve.ts'

/** Writes plain values as YAML the way docker compose does: two spaces, and the Go encoder's choice of quotes. */
export function emitYaml(value: unknown): string {
  const out: string[] = []
  emit(value, 0, 'top', out)
  return out.join('')
}

type Place = 'top' | 'map' | 'list'

function emit(value: unknown, indent: number, place: Place, out: string[]): void {
  if (Array.isArray(value)) emitList(value, indent, place, out)
  else if (typeof value === 'object' && value !== null && !(value instanceof Literal))
    emitMap(value as Record<string, unknown>, indent, place, out)
  else {
    if (place === 'map') out.push(' ')
    out.push(typeof value === 'string' ? emitText(value, indent, false) : emitScalar(value), '\n')
  }
}

function emitScalar(value: unknown): string {
  if (value instanceof Literal) return value.yaml
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return String(value)
  if (Number.isNaN(value)) return '.nan'
  return Number.isFinite(value) ? formatFloat(value) : value > 0 ? '.inf' : '-.inf'
}

function emitList(list: readonly unknown[], indent: number, place: Place, out: string[]): void {
  if (list.length === 0) {
    out.push(place === 'map' ? ' []\n' : '[]\n')
    return
  }
  if (place === 'map') out.push('\n')
  const pad = ' '.repeat(indent)
  for (const [index, item] of list.entries()) {
    if (place !== 'list' || index > 0) out.push(pad)
    out.push('- ')
    emit(item, indent + 2, 'list', out)
  }
}

function emitMap(map: Readonly<Record<string, unknown>>, indent: number, place: Place, out: string[]): void {
  const entries = entriesInOrder(map, compareKeys)
  if (entries.length === 0) {
    out.push(place === 'map' ? ' {}\n' : '{}\n')
    return
  }
  if (place === 'map') out.push('\n')
  const pad = ' '.repeat(indent)
  for (const [index, [key, value]] of entries.entries()) {
    if (place !== 'list' || index > 0) out.push(pad)
    const text = emitText(key, indent, true)
    out.push(text.length > 128 || text.includes('\n') ? `? ${text}\n${pad}:` : `${text}:`)
    emit(value, indent + 2, 'map', out)
  }
}

/** Words that YAML 1.1 took for booleans, and numbers to base 60: quoted for the sake of other readers. */
const OLD_BOOLS = new Set('y Y yes Yes YES on On ON n N no No NO off Off OFF'.split(' '))
const isBase60 = (text: string): boolean =>
  text.includes(':') && /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(text)

function emitText(text: string, indent: number, key: boolean): string {
  const form = analyze(text)
  const lines = text.includes('\n')
  if (lines && text.trim() !== '' && !key && form.block) return literal(text, indent)
  const plain = !lines && resolvePlain(text).type === 'str' && text !== '<<'
  if (!plain || OLD_BOOLS.has(text) || isBase60(text)) return doubleQuoted(text)
  if (form.plain) return text
  return form.single ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text)
}

const START_INDICATORS = '#,[]{}&*!|>\'"%@`'
const TAB = 0x09
const SPACE = 0x20
const isBlank = (code: number): boolean => code === SPACE || code === TAB
const isBreak = (code: number): boolean =>
  code === 0x0a || code === 0x0d || code === 0x85 || code === 0x2028 || code === 0x2029

/** What cannot stand in a text without an escape. @param code of UTF-16: both halves of a pair are special */
const isSpecial = (code: number): boolean => {
  if (code < 0x7f) return code < SPACE && code !== TAB && code !== 0x0a
  return code < 0xa0 || (code >= 0xd800 && code < 0xe000) || (code >= 0xfeff && code < 0xff00) || code > 0xfffd
}

/** How a text may be written. One pass without patterns: to compile those would cost more than all else of a small file. */
function analyze(text: string): { plain: boolean; single: boolean; block: boolean } {
  let indicator = startsAsSyntax(text)
  let breaks = false
  let spaceBreak = false
  let breakSpace = false
  let special = false
  let tab = false
  let before = -1
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isBreak(code)) {
      breaks = true
      spaceBreak ||= before === SPACE
    } else if (code === SPACE) breakSpace ||= isBreak(before)
    else if (code === TAB) tab = true
    else if (code === COLON) indicator ||= at > 0 && (at + 1 === text.length || isBlank(text.charCodeAt(at + 1)))
    else if (code === HASH) indicator ||= isBlank(before) || isBreak(before)
    special ||= isSpecial(code)
    before = code
  }
  const isEdge = (code: number) => code === SPACE || isBreak(code)
  const edges = text !== '' && (isEdge(text.charCodeAt(0)) || isEdge(before))
  const awkward = spaceBreak || tab || special
  return {
    plain: !indicator && !breaks && !edges && !breakSpace && !awkward,
    single: !breakSpace && !awkward,
    block: !spaceBreak && !special && !text.endsWith(' '),
  }
}

const COLON = 0x3a
const HASH = 0x23

function startsAsSyntax(text: string): boolean {
  const first = text[0] ?? ''
  const lone = text.length === 1 || isBlank(text.charCodeAt(1))
  return (
    START_INDICATORS.includes(first) ||
    ((first === '?' || first === '-' || first === ':') && lone) ||
    text.startsWith('---') ||
    text.startsWith('...')
  )
}

function literal(text: string, indent: number): string {
  const hint = text.startsWith(' ') ? '2' : ''
  const chomp = !text.endsWith('\n') ? '-' : text === '\n' || text.endsWith('\n\n') ? '+' : ''
  const pad = ' '.repeat(indent)
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
  return `|${hint}${chomp}\n${lines.map(line => (line === '' ? '' : pad + line)).join('\n')}`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\xa0': '\\_',
  '\u2028': '\\L',
  '\u2029': '\\P',
}

function doubleQuoted(text: string): string {
  let result = ''
  for (const char of text) {
    const known = ESCAPES[char]
    const code = char.codePointAt(0) ?? 0
    if (known !== undefined) result += char === '\xa0' ? char : known
    else if (char.length === 1 && !isSpecial(code)) result += char
    else if (code <= 0xff) result += `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`
    else if (code <= 0xffff) result += `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`
    else result += `\\U${code.toString(16).toUpperCase().padStart(8, '0')}`
  }
  return `"${result}"`
}

/** The order in which the Go encoder writes the keys of a map: digits as numbers, letters after other characters. */
export function compareKeys(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  let digits = false
  for (let i = 0; i < left.length && i < right.length; i++) {
    const l = left[i] ?? ''
    const r = right[i] ?? ''
    if (l === r) {
      digits = isDigit(l)
      continue
    }
    const letterL = isLetter(l)
    const letterR = isLetter(r)
    if (letterL && letterR) return order(l, r)
    if (letterL || letterR) return digits === letterL ? -1 : 1
    return compareNumbers(left, right, i) || order(l, r)
  }
  return left.length - right.length
}

/** Most are ASCII, and the classes of Unicode cost a millisecond to compile. */
const isDigit = (char: string): boolean => (char < '\x80' ? char >= '0' && char <= '9' : /^\p{Nd}$/u.test(char))
const isLetter = (char: string): boolean => {
  if (char >= '\x80') return /^\p{L}$/u.test(char)
  return (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z')
}
const order = (a: string, b: string): number => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)

function compareNumbers(left: readonly string[], right: readonly string[], from: number): number {
  let lead = 0n
  if (left[from] === '0' || right[from] === '0')
    for (let j = from - 1; j >= 0 && isDigit(left[j] ?? ''); j--)
      if (left[j] !== '0') {
        lead = 1n
        break
      }
  const run = (chars: readonly string[]) => {
    let number = lead
    let at = from
    for (; at < chars.length && isDigit(chars[at] ?? ''); at++)
      number = number * 10n + BigInt((chars[at]?.codePointAt(0) ?? 48) - 48)
    return { number, at }
  }
  const l = run(left)
  const r = run(right)
  return l.number === r.number ? l.at - r.at : l.number < r.number ? -1 : 1
}
