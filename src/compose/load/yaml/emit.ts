import { formatFloat } from '../go-format.ts'
import { entriesInOrder } from '../plain.ts'
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
  else if (typeof value === 'object' && value !== null) emitMap(value as Record<string, unknown>, indent, place, out)
  else {
    if (place === 'map') out.push(' ')
    out.push(typeof value === 'string' ? emitText(value, indent, false) : emitScalar(value), '\n')
  }
}

function emitScalar(value: unknown): string {
  if (typeof value !== 'number') return String(value)
  if (Number.isInteger(value)) return String(value)
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
const OLD_BOOL = /^(y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF)$/
const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/

function emitText(text: string, indent: number, key: boolean): string {
  const form = analyze(text)
  if (text.includes('\n') && /\S/.test(text) && !key && form.block) return literal(text, indent)
  const plain = !text.includes('\n') && resolvePlain(text).type === 'str' && text !== '<<'
  if (text.includes('\n') || !plain || OLD_BOOL.test(text) || BASE60.test(text)) return doubleQuoted(text)
  if (form.plain) return text
  return form.single ? `'${text.replaceAll("'", "''")}'` : doubleQuoted(text)
}

const START_INDICATORS = '#,[]{}&*!|>\'"%@`'
/** What cannot stand in a text without an escape. */
const SPECIAL = /[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/

function analyze(text: string): { plain: boolean; single: boolean; block: boolean } {
  const first = text[0] ?? ''
  const blank = (char: string | undefined) => char === undefined || char === ' ' || char === '\t'
  const indicator =
    text.startsWith('---') ||
    text.startsWith('...') ||
    START_INDICATORS.includes(first) ||
    ((first === '?' || first === '-' || first === ':') && blank(text[1])) ||
    /.:(?=[ \t]|$)|[ \t\r\n\x85\u2028\u2029]#/s.test(text)
  const breaks = /[\r\n\x85\u2028\u2029]/.test(text)
  const edges = /^[ \r\n\x85\u2028\u2029]|[ \r\n\x85\u2028\u2029]$/.test(text)
  const spaceBreak = / [\r\n\x85\u2028\u2029]/.test(text)
  const breakSpace = /[\r\n\x85\u2028\u2029] /.test(text)
  const special = SPECIAL.test(text)
  const tab = text.includes('\t')
  const awkward = spaceBreak || tab || special
  return {
    plain: !indicator && !breaks && !edges && !breakSpace && !awkward,
    single: !breakSpace && !awkward,
    block: !spaceBreak && !special && !text.endsWith(' '),
  }
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
    else if (!SPECIAL.test(char)) result += char
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

const isDigit = (char: string): boolean => /^\p{Nd}$/u.test(char)
const isLetter = (char: string): boolean => /^\p{L}$/u.test(char)
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
    for (; at < chars.length && isDigit(chars[at] ?? ''); at++) number = number * 10n + BigInt(chars[at] ?? '0')
    return { number, at }
  }
  const l = run(left)
  const r = run(right)
  return l.number === r.number ? l.at - r.at : l.number < r.number ? -1 : 1
}
