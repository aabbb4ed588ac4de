import type { EscapeCharacter } from './dockerfile.ts'

/** A word and where it begins in its line. */
export interface Word {
  readonly text: string
  readonly at: number
}

export interface SplitLine {
  readonly keyword: string
  /** `--name` or `--name=value`, without quotes and escapes. */
  readonly flags: readonly Word[]
  /** What is left, without white space at its ends. */
  readonly rest: Word
}

const isSpace = (character: string | undefined) => character !== undefined && /\s/.test(character)

/** Takes the keyword and the flags off an instruction; a lone `--` ends the flags. */
export function splitLine(line: string, escapeCharacter: EscapeCharacter): SplitLine {
  const [keyword = ''] = /^[^\t\v\f\r ]+/.exec(line) ?? []
  const flags: Word[] = []
  let at = skipSpaces(line, keyword.length)
  while (line.startsWith('--', at)) {
    const flag = readFlag(line, at, escapeCharacter)
    const ended = flag.text === '--'
    if (flag.text && !ended) flags.push({ text: flag.text, at })
    at = skipSpaces(line, flag.end)
    if (ended) break
  }
  return { keyword, flags, rest: { text: line.slice(at).trimEnd(), at } }
}

function skipSpaces(line: string, from: number): number {
  let at = from
  while (isSpace(line[at])) at++
  return at
}

function readFlag(line: string, from: number, escapeCharacter: EscapeCharacter): { text: string; end: number } {
  let text = ''
  let quote = ''
  let at = from
  for (; at < line.length && (quote || !isSpace(line[at])); at++) {
    const character = line[at] ?? ''
    if (character === escapeCharacter) text += line[++at] ?? ''
    else if (quote ? character === quote : character === '"' || character === "'") quote = quote ? '' : character
    else text += character
  }
  return { text, end: at }
}

/** Splits at spaces outside of quotes. Quotes and escape characters stay: they are taken off when words are expanded. */
export function splitWords(text: string, escapeCharacter: EscapeCharacter): readonly Word[] {
  const words: Word[] = []
  let at = skipSpaces(text, 0)
  while (at < text.length) {
    const start = at
    let word = ''
    let quote = ''
    for (; at < text.length && (quote || !isSpace(text[at])); at++) {
      const character = text[at] ?? ''
      if (character === escapeCharacter && quote !== "'") {
        // One that has nothing to escapeCharacter goes.
        if (at + 1 < text.length) word += character + text[++at]
        continue
      }
      if (quote ? character === quote : character === '"' || character === "'") quote = quote ? '' : character
      word += character
    }
    if (word) words.push({ text: word, at: start })
    at = skipSpaces(text, at)
  }
  return words
}

/** Splits at spaces, whatever quotes there are. */
export function splitAtSpaces(text: string): readonly Word[] {
  return [...text.matchAll(/[^\t\v\f\r ]+/g)].map(({ 0: word, index }) => ({ text: word, at: index }))
}

/**
 * The strings of a JSON array.
 * @returns undefined if the text is none, which makes it a command for the shell
 * @throws Error if it is an array with anything but strings
 */
export function readJsonForm(text: string): readonly string[] | undefined {
  const array = jsonArray(text)
  if (!array || array.every(element => typeof element === 'string')) return array
  throw new Error('when using JSON array syntax, arrays must be comprised of strings only')
}

export const isJsonForm = (text: string): boolean => jsonArray(text) !== undefined

function jsonArray(text: string): unknown[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}
