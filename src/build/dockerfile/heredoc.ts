import { expand } from './expand.ts'
import type { Heredoc } from './instruction.ts'

/** A here-document that is announced, and has its body in the lines that follow. */
export type HeredocStart = Omit<Heredoc, 'content'>

/** @returns undefined if the word does not begin a here-document */
export function readHeredocStart(word: string): HeredocStart | undefined {
  const [, dash, name = ''] = /^\d*<<(-?)\s*([^<]*)$/.exec(word) ?? []
  if (!name) return undefined
  // The name's quotes may stand anywhere in it, as in E"O"F: where they make a difference, nothing is expanded.
  const keep = { escape: '\\', keepUnset: true } as const
  const unset = () => undefined
  const { words } = expand(name, unset, keep)
  const [plain] = words
  if (plain === undefined || words.length !== 1) return undefined
  const [raw = ''] = expand(name, unset, { ...keep, rawQuotes: true }).words
  return { name: plain, expand: quotes(plain) === quotes(raw), chomp: dash === '-' }
}

/** All that a line announces, in order. */
export function heredocStarts(line: string): readonly HeredocStart[] {
  if (!line.includes('<<')) return []
  let words: readonly string[] = []
  try {
    words = expand(line, () => undefined, { escape: '\\', keepUnset: true, rawQuotes: true, rawEscapes: true }).words
  } catch {
    // Quotes that are not closed: the shell will tell.
  }
  return words.flatMap(word => readHeredocStart(word) ?? [])
}

/** The body as the program gets it. */
export const heredocText = ({ content, chomp }: Heredoc): string => (chomp ? content.replace(/^\t+/gm, '') : content)

const quotes = (text: string): number => text.match(/['"]/g)?.length ?? 0
