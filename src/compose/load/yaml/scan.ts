import { TscomposeError } from '../../../errors.ts'
import { CR, DASH, DOT, HASH, isBlank, isBreak, LF, SPACE, TAB } from './characters.ts'
import type { Source } from './source.ts'

/** A position in a YAML text, and the steps over what means nothing: white space, line breaks, comments. */
export class Scanner {
  readonly source: Source
  readonly text: string
  pos = 0
  lineStart = 0

  constructor(source: Source) {
    this.source = source
    this.text = source.text
    if (this.text.charCodeAt(0) === 0xfeff) this.pos = this.lineStart = 1
  }

  at(offset = 0): number {
    return this.text.charCodeAt(this.pos + offset)
  }

  get column(): number {
    return this.pos - this.lineStart
  }

  get atEnd(): boolean {
    return this.pos >= this.text.length
  }

  fail(problem: string, at: number = this.pos): never {
    const where = this.source.where(at)
    throw new TscomposeError(
      'COMPOSE_YAML_SYNTAX',
      `failed to parse ${this.source.file}: yaml: line ${where.line}: ${problem}`,
      {
        where,
      },
    )
  }

  /** Steps over one line break, which may be CR LF. */
  newline(): void {
    if (this.at() === CR && this.at(1) === LF) this.pos++
    this.pos++
    this.lineStart = this.pos
  }

  /** Steps over blanks and a comment that end the line. @returns whether the line is done */
  skipBlanks(): boolean {
    const from = this.pos
    while (this.at() === SPACE || this.at() === TAB) this.pos++
    // A hash begins a comment only after white space; directly after an indicator it does as well.
    if (this.at() === HASH && (this.pos > from || isBlank(this.text.charCodeAt(from - 1)) || from === 0))
      while (!this.atEnd && !isBreak(this.at())) this.pos++
    return this.atEnd || isBreak(this.at())
  }

  /** Moves to the next thing that is neither white space nor comment. @returns whether a line break was crossed */
  skipToContent(inFlow: boolean): boolean {
    let crossed = false
    for (;;) {
      const from = this.pos
      while (this.at() === SPACE) this.pos++
      if (this.at() === TAB) {
        const tab = this.pos
        const done = this.skipBlanks()
        if (!done && !inFlow && (crossed || from === this.lineStart))
          this.fail(
            'found character that cannot start any token (found a tab character that violates indentation; use spaces)',
            tab,
          )
      } else if (this.at() === HASH) {
        while (!this.atEnd && !isBreak(this.at())) this.pos++
      }
      if (this.atEnd || !isBreak(this.at())) return crossed
      this.newline()
      crossed = true
    }
  }

  /** `---` or `...` at the beginning of a line. */
  atDocumentMarker(): boolean {
    const code = this.at()
    return (
      (code === DASH || code === DOT) &&
      this.column === 0 &&
      this.at(1) === code &&
      this.at(2) === code &&
      isBlank(this.at(3))
    )
  }
}
