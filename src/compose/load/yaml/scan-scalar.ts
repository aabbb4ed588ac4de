import {
  BACKSLASH,
  COLON,
  DASH,
  DOUBLE_QUOTE,
  HASH,
  isBlank,
  isBreak,
  isFlowIndicator,
  QUESTION,
  SINGLE_QUOTE,
  SPACE,
  TAB,
} from './characters.ts'
import { Scanner } from './scan.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  "'": "'",
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** Puts a text together of many small parts without keeping them all. */
class TextBuilder {
  #text = ''
  #parts: string[] = []

  add(part: string): void {
    if (this.#parts.push(part) >= 4096) this.#flush()
  }

  #flush(): void {
    this.#text += this.#parts.join('')
    this.#parts = []
  }

  toString(): string {
    this.#flush()
    return this.#text
  }
}

/** The texts of scalars: plain, in single and double quotes, literal and folded. */
export class ScalarScanner extends Scanner {
  /** Whether a plain scalar can begin here. */
  atPlain(): boolean {
    const code = this.at()
    if (isBlank(code)) return false
    if (code === DASH) return this.at(1) !== SPACE && this.at(1) !== TAB
    if (code === QUESTION || code === COLON) return !isBlank(this.at(1))
    return !',[]{}#&*!|>\'"%@`'.includes(this.text[this.pos] ?? '')
  }

  /**
   * A plain scalar. Its further lines must be indented by `indent` columns at least.
   * @returns the text, and whether it went over more than one line
   */
  plain(indent: number, inFlow: boolean): { text: string; multiline: boolean } {
    let text = ''
    let breaks = 0
    let multiline = false
    for (;;) {
      if (this.atDocumentMarker() || this.at() === HASH) break
      const from = this.pos
      const to = this.#plainLine(inFlow)
      if (to === from) break
      if (breaks === 1) text += ' '
      else if (breaks > 1) text += '\n'.repeat(breaks - 1)
      if (breaks > 0) multiline = true
      text += this.text.slice(from, to)
      this.pos = to
      if (!this.#foldBreaks(indent, inFlow)) break
      breaks = this.#breaks
      if (!inFlow && this.column < indent) break
      if (this.atEnd) break
    }
    return { text, multiline }
  }

  /** The end of the part of a plain scalar on this line, trailing blanks left out. */
  #plainLine(inFlow: boolean): number {
    const { text } = this
    let end = this.pos
    for (let at = this.pos; ; at++) {
      const code = text.charCodeAt(at)
      if (code === SPACE || code === TAB) {
        if (text.charCodeAt(at + 1) === HASH) return end
        continue
      }
      if (isBlank(code)) return end
      const next = text.charCodeAt(at + 1)
      if (code === COLON && isBlank(next)) return end
      if (inFlow && (isFlowIndicator(code) || (code === QUESTION && isBlank(next)))) return end
      end = at + 1
    }
  }

  #breaks = 0

  /** Steps over the blanks and breaks between two lines of a plain scalar. @returns whether a break was crossed */
  #foldBreaks(indent: number, inFlow: boolean): boolean {
    const back = this.pos
    this.#breaks = 0
    for (;;) {
      while (this.at() === SPACE || this.at() === TAB) {
        if (this.#breaks > 0 && this.at() === TAB && this.column < indent && !inFlow)
          this.fail('found a tab character that violates indentation')
        this.pos++
      }
      if (!isBreak(this.at())) break
      this.newline()
      this.#breaks++
    }
    if (this.#breaks === 0) this.pos = back
    return this.#breaks > 0
  }

  quoted(): string {
    const start = this.pos
    const quote = this.at()
    this.pos++
    const text = new TextBuilder()
    for (;;) {
      if (this.atDocumentMarker()) this.fail('found unexpected document indicator', this.pos)
      if (this.atEnd) this.fail('found unexpected end of stream: a quoted text is not closed', start)
      const from = this.pos
      let code = this.at()
      while (!isBlank(code) && code !== quote && code !== BACKSLASH) code = this.text.charCodeAt(++this.pos)
      if (this.pos > from) text.add(this.text.slice(from, this.pos))
      if (code === quote) {
        this.pos++
        if (quote !== SINGLE_QUOTE || this.at() !== SINGLE_QUOTE) return text.toString()
        text.add("'")
        this.pos++
      } else if (code !== BACKSLASH) text.add(this.#quotedBlanks())
      else if (quote === DOUBLE_QUOTE) text.add(this.#escape(start))
      else {
        text.add('\\')
        this.pos++
      }
    }
  }

  #escape(start: number): string {
    const letter = this.text[this.pos + 1] ?? ''
    if (isBreak(this.at(1))) {
      this.pos++
      this.newline()
      while (this.at() === SPACE || this.at() === TAB) this.pos++
      let breaks = ''
      while (isBreak(this.at())) {
        this.newline()
        breaks += '\n'
        while (this.at() === SPACE || this.at() === TAB) this.pos++
      }
      return breaks
    }
    const known = ESCAPES[letter]
    if (known !== undefined) {
      this.pos += 2
      return known
    }
    const length = HEX_LENGTH[letter]
    if (length === undefined) this.fail('found unknown escape character')
    const digits = this.text.slice(this.pos + 2, this.pos + 2 + length)
    if (digits.length < length || !/^[0-9a-fA-F]+$/.test(digits)) this.fail('did not find expected hexadecimal number')
    const value = Number.parseInt(digits, 16)
    if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff)
      this.fail('found invalid Unicode character escape code', start)
    this.pos += 2 + length
    return String.fromCodePoint(value)
  }

  /** Blanks inside quotes: kept on one line, folded over lines. */
  #quotedBlanks(): string {
    const from = this.pos
    while (this.at() === SPACE || this.at() === TAB) this.pos++
    if (!isBreak(this.at())) return this.text.slice(from, this.pos)
    let breaks = -1
    while (isBreak(this.at())) {
      this.newline()
      breaks++
      while (this.at() === SPACE || this.at() === TAB) this.pos++
    }
    return breaks === 0 ? ' ' : '\n'.repeat(breaks)
  }

  /** A literal (`|`) or folded (`>`) scalar inside a block that is indented by `parent` columns (-1 at the top). */
  block(parent: number): string {
    const start = this.pos
    const literal = this.text[this.pos] === '|'
    this.pos++
    const header = /[-+0-9]{0,2}/y
    header.lastIndex = this.pos
    const marks = header.exec(this.text)?.[0] ?? ''
    this.pos += marks.length
    const chomp = marks.includes('-') ? '-' : marks.includes('+') ? '+' : ''
    const increment = /\d/.exec(marks)?.[0]
    if (increment === '0') this.fail('found an indentation indicator equal to 0', start)
    while (this.at() === SPACE || this.at() === TAB) this.pos++
    if (this.at() === HASH) while (!this.atEnd && !isBreak(this.at())) this.pos++
    if (!this.atEnd && !isBreak(this.at())) this.fail('did not find expected comment or line break')
    if (!this.atEnd) this.newline()

    let indent = increment === undefined ? 0 : Math.max(parent, 0) + Number(increment)
    let deepest = 0
    let text = ''
    let lineBreak = ''
    let breaks = ''
    let wasBlank = false
    const skipEmptyLines = () => {
      for (;;) {
        while ((indent === 0 || this.column < indent) && this.at() === SPACE) this.pos++
        deepest = Math.max(deepest, this.column)
        if ((indent === 0 || this.column < indent) && this.at() === TAB)
          this.fail('found a tab character where an indentation space is expected')
        if (!isBreak(this.at())) break
        this.newline()
        breaks += '\n'
      }
      if (indent === 0) indent = Math.max(deepest, parent + 1, 1)
    }
    skipEmptyLines()
    while (this.column === indent && !this.atEnd) {
      const blank = this.at() === SPACE || this.at() === TAB
      if (!literal && lineBreak && !wasBlank && !blank) {
        if (!breaks) text += ' '
      } else text += lineBreak
      text += breaks
      breaks = ''
      wasBlank = blank
      const from = this.pos
      while (!this.atEnd && !isBreak(this.at())) this.pos++
      text += this.text.slice(from, this.pos)
      lineBreak = this.atEnd ? '' : '\n'
      if (!this.atEnd) this.newline()
      skipEmptyLines()
    }
    return text + (chomp === '-' ? '' : lineBreak) + (chomp === '+' ? breaks : '')
  }
}
