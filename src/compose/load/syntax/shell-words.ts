/**
 * Splits a command as the Compose loader does: words and quotes of a shell, no expansion. It ends at the first unquoted
 * `;`, `&`, `|`, `<` or `>`, without a word of warning in the original.
 * @throws Error for unclosed quotes and stray parentheses
 */
export function splitCommand(line: string): { words: string[]; cutAt?: string } {
  return new Splitter().split(line)
}

const SPACES = new Set([' ', '\t', '\r', '\n'])
const ENDS = new Set([';', '&', '|', '<', '>'])

class Splitter {
  #words: string[] = []
  #word = ''
  /** Whether there is a word, which may be an empty one in quotes. */
  #begun = false
  #escaped = false
  /** The quote we are inside of: `"`, `'`, a backtick, or `$` for `$(...)`. */
  #quotes = { double: false, single: false, back: false, dollar: false }

  split(line: string): { words: string[]; cutAt?: string } {
    let cutAt: string | undefined
    for (const char of line) {
      if (!this.#take(char)) {
        cutAt = char
        break
      }
    }
    if (this.#begun) this.#words.push(this.#word)
    const { double, single, back, dollar } = this.#quotes
    if (this.#escaped || double || single || back || dollar) throw new Error('invalid command line string')
    return cutAt === undefined ? { words: this.#words } : { words: this.#words, cutAt }
  }

  #add(char: string): true {
    this.#word += char
    this.#begun = true
    return true
  }

  /** @returns false where the command ends */
  #take(char: string): boolean {
    const quotes = this.#quotes
    if (this.#escaped) {
      this.#escaped = false
      return this.#add(char)
    }
    if (char === '\\') {
      if (quotes.single) this.#word += char
      else this.#escaped = true
      return true
    }
    if (SPACES.has(char)) {
      if (quotes.single || quotes.double || quotes.back || quotes.dollar) this.#word += char
      else if (this.#begun) {
        this.#words.push(this.#word)
        this.#word = ''
        this.#begun = false
      }
      return true
    }
    if (char === '`' && !quotes.single && !quotes.double && !quotes.dollar) quotes.back = !quotes.back
    else if (char === ')' && !quotes.single && !quotes.double && !quotes.back) quotes.dollar = !quotes.dollar
    else if (char === '(' && !quotes.single && !quotes.double && !quotes.back) {
      if (quotes.dollar || !this.#word.endsWith('$')) throw new Error('invalid command line string')
      quotes.dollar = true
      this.#word += '('
      return true
    } else if (char === '"' && !quotes.single && !quotes.dollar) return this.#toggle('double')
    else if (char === "'" && !quotes.double && !quotes.dollar) return this.#toggle('single')
    else if (ENDS.has(char) && !quotes.single && !quotes.double && !quotes.back && !quotes.dollar) {
      // `2>` at the beginning of a word is a redirection, not a word "2".
      if (char === '>' && /^\d/.test(this.#word)) this.#begun = false
      return false
    }
    return this.#add(char)
  }

  #toggle(quote: 'double' | 'single'): true {
    if (this.#quotes[quote]) this.#begun = true
    this.#quotes[quote] = !this.#quotes[quote]
    return true
  }
}
