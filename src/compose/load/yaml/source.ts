import type { Where } from '../../../errors.ts'

const LONGEST_LINE = 400

/** A text the user wrote, and the way from an offset in it to the line and column that an editor shows. */
export class Source {
  /** The absolute path, or `-` for standard input. */
  readonly file: string
  readonly text: string
  /** The path as it is shown with line and column. */
  readonly shown: string
  #lineStarts: number[] | undefined

  constructor(file: string, text: string, shown: string = file) {
    this.file = file
    this.text = text
    this.shown = shown
  }

  /** The 1-based line of an offset. */
  line(offset: number): number {
    this.#lineStarts ??= lineStarts(this.text)
    const starts = this.#lineStarts
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }

  where(offset: number): Where {
    const line = this.line(offset)
    const start = this.#lineStarts?.[line - 1] ?? 0
    let end = this.text.indexOf('\n', start)
    if (end < 0) end = this.text.length
    const place = { file: this.shown, line, col: offset - start + 1 }
    // A line of a generated file can be megabytes long, which helps nobody.
    if (offset - start > LONGEST_LINE) return place
    return { ...place, source: this.text.slice(start, Math.min(end, start + LONGEST_LINE)).replace(/\r$/, '') }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
