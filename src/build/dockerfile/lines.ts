import { TscomposeError, type Where } from '../../errors.ts'
import type { EscapeCharacter } from './dockerfile.ts'

/** An instruction's lines, joined. */
export interface LogicalLine {
  /** Without the white space before it, comments and escape characters at line ends. */
  readonly text: string
  /** The comments right above it. */
  readonly comments: readonly string[]
  /** A line in between is empty, which will be an error one day. */
  readonly emptyContinuation: boolean
  /** The place in the file of an offset in `text`. */
  at(offset: number): Where
}

const LONGEST_SHOWN = 400

/** Reads a Dockerfile line by line, joins continued ones, and knows where everything was. */
export class LineReader {
  readonly file: string
  readonly #lines: readonly string[]
  readonly #continued: RegExp
  #next = 0

  /** @param text with any line ends; a byte order mark is skipped */
  constructor(file: string, text: string, escapeCharacter: EscapeCharacter) {
    this.file = file
    this.#lines = splitLines(text)
    // Of two escape characters at the end, the first one escapes the second.
    this.#continued = escapeCharacter === '\\' ? /(^|[^\\])\\[ \t]*$/ : /(^|[^`])`[ \t]*$/
  }

  /** The number of the line read last, from 1. */
  get line(): number {
    return this.#next
  }

  /** The next instruction. @returns undefined at the end of the file */
  next(): LogicalLine | undefined {
    let comments: string[] = []
    while (this.#next < this.#lines.length) {
      const line = bare(this.#lines[this.#next++] ?? '')
      const text = line.trimStart()
      if (text.startsWith('#')) {
        const comment = text.slice(1).trim()
        comments = comment ? [...comments, comment] : []
      } else if (text) return this.#joined(text, line.length - text.length, comments)
    }
    return undefined
  }

  #joined(first: string, indent: number, comments: readonly string[]): LogicalLine {
    const pieces: { readonly offset: number; readonly line: number; readonly column: number }[] = []
    const texts: string[] = []
    let length = 0
    let emptyContinuation = false
    let continued = false
    const add = (line: string, column: number) => {
      const piece = this.#continued.test(line) ? line.replace(this.#continued, '$1') : undefined
      pieces.push({ offset: length, line: this.#next, column })
      texts.push(piece ?? line)
      length += (piece ?? line).length
      continued = piece !== undefined
    }
    add(first, indent + 1)
    while (continued && this.#next < this.#lines.length) {
      const line = bare(this.#lines[this.#next++] ?? '')
      if (/^\s*#/.test(line)) continue
      if (/^\s*$/.test(line)) emptyContinuation = true
      else add(line, 1)
    }
    const at = (offset: number): Where => {
      const piece = pieces.findLast(candidate => candidate.offset <= offset) ?? { offset: 0, line: 1, column: 1 }
      return this.where(piece.line, piece.column + offset - piece.offset)
    }
    return { text: texts.join(''), comments, emptyContinuation, at }
  }

  /**
   * The body of a here-document that begins with the next line, up to a line that is nothing but its name.
   * @param chomp tabs before the name do not count
   * @returns undefined if there is no such line
   */
  heredoc(name: string, chomp: boolean): string | undefined {
    for (let at = this.#next; at < this.#lines.length; at++) {
      const line = bare(this.#lines[at] ?? '')
      if ((chomp ? line.replace(/^\t+/, '') : line) !== name) continue
      const body = this.#lines.slice(this.#next, at).join('')
      this.#next = at + 1
      return body
    }
    return undefined
  }

  where(line: number, column: number): Where {
    const place = { file: this.file, line, col: column }
    // A line of a generated file can be megabytes long, which helps nobody.
    if (column > LONGEST_SHOWN) return place
    return { ...place, source: bare(this.#lines[line - 1] ?? '').slice(0, LONGEST_SHOWN) }
  }
}

/** Without its end. (A regular expression would take quadratic time for a line of many carriage returns.) */
function bare(line: string): string {
  let end = line.length
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--
  return line.slice(0, end)
}

/** With their ends, since those of here-documents are kept. */
export const splitLines = (text: string): readonly string[] =>
  text.replace(/^\ufeff/, '').match(/[^\n]*\n|[^\n]+$/g) ?? []

/** @throws TscomposeError BUILD_DOCKERFILE_INVALID */
export function invalid(where: Where, message: string, fix?: string): never {
  throw new TscomposeError('BUILD_DOCKERFILE_INVALID', message, { where, ...(fix && { fix }) })
}
