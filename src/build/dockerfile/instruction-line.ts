import { messageOf, type Where } from '../../errors.ts'
import type { EscapeCharacter } from './dockerfile.ts'
import type { FlagKind } from './flags.ts'
import { Flags } from './flags.ts'
import type { Heredoc, Keyword } from './instruction.ts'
import { invalid } from './lines.ts'
import { readJsonForm, type SplitLine, splitAtSpaces, splitWords, type Word } from './words.ts'

/** An instruction that is split into keyword, flags and the rest: what the parser of each keyword works on. */
export class InstructionLine {
  readonly keyword: Keyword
  /** What is behind keyword and flags. */
  readonly rest: string
  readonly heredocs: readonly Heredoc[]
  readonly escape: EscapeCharacter
  /** Of the keyword. */
  readonly where: Where
  readonly #split: SplitLine
  readonly #at: (offset: number) => Where

  /** @param at the place of an offset in the line that `split` was made of */
  constructor(
    keyword: Keyword,
    split: SplitLine,
    heredocs: readonly Heredoc[],
    escapeCharacter: EscapeCharacter,
    at: (offset: number) => Where,
  ) {
    this.keyword = keyword
    this.rest = split.rest.text
    this.heredocs = heredocs
    this.escape = escapeCharacter
    this.where = at(0)
    this.#split = split
    this.#at = at
  }

  flags(kinds: Readonly<Record<string, FlagKind>> = {}): Flags {
    const written = this.#split.flags.map(({ text, at }) => ({ text, where: this.#at(at) }))
    return new Flags(written, kinds)
  }

  /** The place of an offset in {@link InstructionLine.rest}. */
  at(offset: number): Where {
    return this.#at(this.#split.rest.at + offset)
  }

  /** The JSON form, if it is one. */
  json(): readonly string[] | undefined {
    try {
      return readJsonForm(this.rest)
    } catch (error) {
      return this.fail(messageOf(error))
    }
  }

  /** Words between spaces, or the elements of the JSON form. */
  list(): readonly string[] {
    return this.json() ?? splitAtSpaces(this.rest).map(({ text }) => text)
  }

  /** Words as the shell sees them, still with their quotes. */
  words(): readonly Word[] {
    return splitWords(this.rest, this.escape)
  }

  /** The one argument of those that take all the rest as one. */
  single(): string {
    if (this.rest === '') this.fail(`${this.keyword} requires exactly one argument`)
    return this.rest
  }

  /** Complains about what is behind the keyword; or about its absence, at the keyword. */
  fail(message: string, fix?: string): never {
    return invalid(this.rest === '' ? this.where : this.at(0), message, fix)
  }
}
