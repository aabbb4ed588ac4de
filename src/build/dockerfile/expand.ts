import { messageOf } from '../../errors.ts'
import type { EscapeCharacter } from './dockerfile.ts'
import { replace, trimPrefix, trimSuffix } from './glob.ts'

export type Variables = (name: string) => string | undefined

export interface ExpandOptions {
  readonly escape: EscapeCharacter
  /** Quotes stay in the result. */
  readonly rawQuotes?: boolean
  /** Escape characters stay in the result. */
  readonly rawEscapes?: boolean
  /** Quotes are characters like any other: the body of a here-document. */
  readonly ignoreQuotes?: boolean
  /** A reference to a variable that is not set stays as it is written. */
  readonly keepUnset?: boolean
}

export interface Expansion {
  readonly text: string
  /** The text split at spaces outside of quotes, after expansion. */
  readonly words: readonly string[]
  /** Variables it refers to: those that are set, and those that are not. */
  readonly matched: ReadonlySet<string>
  readonly unmatched: ReadonlySet<string>
}

/**
 * Quotes, escapes and variables of a text in a Dockerfile: the language of BuildKit's `shell` package, which resembles
 * the shell's. Knows `$x ${x} ${x:-w} ${x-w} ${x:+w} ${x+w} ${x:?w} ${x?w} ${x#p} ${x##p} ${x%p} ${x%%p} ${x/p/r}
 * ${x//p/r}`.
 * @throws Error in words of BuildKit
 */
export function expand(text: string, variables: Variables, options: ExpandOptions): Expansion {
  try {
    const scanner = new Scanner(text, variables, options)
    const { result, words } = scanner.until('', options.rawEscapes ?? false)
    return { text: result, words, matched: scanner.matched, unmatched: scanner.unmatched }
  } catch (error) {
    throw new Error(`failed to process ${JSON.stringify(text)}: ${messageOf(error)}`)
  }
}

const DEEPEST = 200
const isSpace = (character: string) => /^[\s\u0085]$/u.test(character)

/** Collects words the way the shell splits them: at spaces, unless these came from quotes. */
class Words {
  readonly words: string[] = []
  #word = ''

  addRaw(text: string): void {
    this.#word += text
  }

  add(text: string): void {
    for (const character of text) {
      if (!isSpace(character)) this.#word += character
      else this.#end()
    }
  }

  done(): readonly string[] {
    this.#end()
    return this.words
  }

  #end(): void {
    if (this.#word) this.words.push(this.#word)
    this.#word = ''
  }
}

class Scanner {
  readonly matched = new Set<string>()
  readonly unmatched = new Set<string>()
  readonly #text: string
  readonly #variables: Variables
  readonly #options: ExpandOptions
  #at = 0
  #depth = 0
  #rawEscapes = false

  constructor(text: string, variables: Variables, options: ExpandOptions) {
    this.#text = text
    this.#variables = variables
    this.#options = options
  }

  /** Reads to `stop`, which is taken but not in the result; the empty text stands for the end. */
  until(stop: string, rawEscapes: boolean): { result: string; words: readonly string[] } {
    const outerRaw = this.#rawEscapes
    this.#rawEscapes = rawEscapes
    let result = ''
    const words = new Words()
    while (this.#at < this.#text.length) {
      const character = this.#peek()
      if (stop && character === stop) {
        this.#next()
        this.#rawEscapes = outerRaw
        return { result, words: words.done() }
      }
      const special = this.#special(character)
      if (special !== undefined) {
        result += special
        if (character === '$') words.add(special)
        else words.addRaw(special)
      } else if (character === this.#options.escape) {
        this.#next()
        // Nothing to escape at the end: the escape character goes.
        if (this.#rawEscapes) {
          result += character
          words.addRaw(character)
        }
        const plain = this.#next()
        result += plain
        words.addRaw(plain)
      } else {
        result += this.#next()
        words.add(character)
      }
    }
    if (stop) throw new Error(`unexpected end of statement while looking for matching ${stop}`)
    return { result, words: words.done() }
  }

  #special(character: string): string | undefined {
    if (character === '$') return this.#dollar()
    if (character === '<') return this.#heredocOperator()
    if (this.#options.ignoreQuotes) return undefined
    if (character === "'") return this.#singleQuotes()
    if (character === '"') return this.#doubleQuotes()
    return undefined
  }

  #singleQuotes(): string {
    const end = this.#text.indexOf("'", this.#at + 1)
    if (end < 0) throw new Error('unexpected end of statement while looking for matching single-quote')
    const quoted = this.#text.slice(this.#at, end + 1)
    this.#at = end + 1
    return this.#options.rawQuotes ? quoted : quoted.slice(1, -1)
  }

  #doubleQuotes(): string {
    const quote = this.#options.rawQuotes ? '"' : ''
    let result = quote
    this.#next()
    for (;;) {
      if (this.#at >= this.#text.length) {
        throw new Error('unexpected end of statement while looking for matching double-quote')
      }
      const character = this.#peek()
      if (character === '"') {
        this.#next()
        return result + quote
      }
      if (character === '$') {
        result += this.#dollar()
        continue
      }
      this.#next()
      if (character !== this.#options.escape) {
        result += character
        continue
      }
      if (this.#rawEscapes) result += character
      const following = this.#peek()
      if (following === '"' || following === '$' || following === character) result += this.#next()
      else if (following) result += character
    }
  }

  /** `<<`, with the spaces before a here-document's name, so that both stay one word. */
  #heredocOperator(): string {
    return this.#match(/<(?:<[\t\r ]*)?/y)
  }

  #dollar(): string {
    this.#next()
    if (this.#peek() === '{') {
      if (++this.#depth > DEEPEST) throw new Error('substitutions are nested too deeply')
      const value = this.#braces()
      this.#depth--
      return value
    }
    const name = this.#name()
    if (!name) return '$'
    const value = this.#value(name)
    if (value === undefined && this.#options.keepUnset) return `$${name}`
    return value ?? ''
  }

  #braces(): string {
    this.#next()
    const first = this.#peek()
    if (!first) throw new Error("syntax error: missing '}'")
    if (first === '{' || first === '}' || first === ':') throw new Error('syntax error: bad substitution')
    const name = this.#name()
    const operator = this.#next()
    if (!operator) throw new Error("syntax error: missing '}'")
    if (operator === '}') {
      const value = this.#value(name)
      if (value === undefined && this.#options.keepUnset) return `\${${name}}`
      return value ?? ''
    }
    if (operator === '/') return this.#replacement(name)
    const kind = operator === ':' ? this.#next() : operator
    const modifier = operator === ':' ? `:${kind}` : kind
    if (!/^(?::?[-+?]|[#%])$/.test(modifier)) {
      throw new Error(`unsupported modifier (${modifier}) in substitution`)
    }
    const word = this.#inner('}', kind === '#' || kind === '%', "syntax error: missing '}'")
    const value = this.#value(name)
    if (value === undefined && this.#options.keepUnset) return `\${${name}${modifier}${word}}`
    return modified(name, modifier, word, value)
  }

  #replacement(name: string): string {
    const all = this.#peek() === '/'
    if (all) this.#next()
    const pattern = this.#inner('/', true, "syntax error: missing '/' in ${}")
    const replacement = this.#inner('}', true, "syntax error: missing '}'")
    const value = this.#value(name)
    if (value === undefined && this.#options.keepUnset) return `\${${name}/${all ? '/' : ''}${pattern}/${replacement}}`
    return replace(pattern, value ?? '', replacement, all)
  }

  #inner(stop: string, rawEscapes: boolean, atEnd: string): string {
    try {
      return this.until(stop, rawEscapes).result
    } catch (error) {
      if (this.#at >= this.#text.length) throw new Error(atEnd)
      throw error
    }
  }

  /** A name, a number, or one of the shell's special parameters. */
  #name(): string {
    return this.#match(/\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*/uy)
  }

  /** What a sticky expression finds right here, which may be nothing. */
  #match(sticky: RegExp): string {
    sticky.lastIndex = this.#at
    const [found = ''] = sticky.exec(this.#text) ?? []
    this.#at += found.length
    return found
  }

  #value(name: string): string | undefined {
    const value = this.#variables(name)
    ;(value === undefined ? this.unmatched : this.matched).add(name)
    return value
  }

  /** The character at hand, or the empty text at the end. */
  #peek(): string {
    const code = this.#text.codePointAt(this.#at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #next(): string {
    const character = this.#peek()
    this.#at += character.length
    return character
  }
}

function modified(name: string, modifier: string, word: string, value: string | undefined): string {
  const missing = value === undefined || (modifier.startsWith(':') && value === '')
  switch (modifier.at(-1)) {
    case '-':
      return missing ? word : value
    case '+':
      return missing ? '' : word
    case '?':
      if (!missing) return value
      throw new Error(`${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`)
    case '#':
      return trimPrefix(word.replace(/^#/, ''), value ?? '', word.startsWith('#'))
    default:
      return trimSuffix(word.replace(/^%/, ''), value ?? '', word.startsWith('%'))
  }
}
