import { TscomposeError } from '../../errors.ts'
import type { Lookup } from './template.ts'
import { substitute, TemplateError } from './template.ts'
import type { Warning } from './warning.ts'
import { Source } from './yaml/source.ts'

/** The variables of env files with the place each was read from. */
export type EnvEntries = Map<string, { readonly value: string; readonly source: Source; readonly offset: number }>

/** White space that does not end a line. */
const isSpace = (char: string): boolean =>
  char === ' ' || char === '\t' || char === '\v' || char === '\f' || char === '\r' || char === '\x85' || char === '\xa0'
const isKeyChar = (char: string): boolean => /[\w.\-[\]]/.test(char) || (char >= '\x80' && /[\p{L}\p{N}]/u.test(char))
const ANY_SPACE = /\s/

/**
 * Reads an env file in Compose's own dialect into `into`; later entries win. Values in double quotes and without quotes
 * may refer to variables: `lookup` is asked first, then what has been read so far. `warn` is told of those that nobody has.
 * @throws TscomposeError COMPOSE_ENV_FILE_INVALID
 */
export function parseDotenv(source: Source, into: EnvEntries, lookup: Lookup, warn?: (warning: Warning) => void): void {
  new DotenvReader(source, into, lookup, warn).read()
}

class DotenvReader {
  readonly #source: Source
  readonly #text: string
  readonly #into: EnvEntries
  readonly #lookup: Lookup
  readonly #warn: ((warning: Warning) => void) | undefined
  #pos = 0

  constructor(source: Source, into: EnvEntries, lookup: Lookup, warn?: (warning: Warning) => void) {
    this.#source = source
    this.#text = source.text
    this.#into = into
    this.#warn = warn
    this.#lookup = name => lookup(name) ?? into.get(name)?.value
    if (this.#text.startsWith('\ufeff')) this.#pos = 1
  }

  read(): void {
    while (this.#toStatement()) this.#statement()
  }

  #fail(message: string, at: number, line: number = this.#source.line(at)): never {
    throw new TscomposeError(
      'COMPOSE_ENV_FILE_INVALID',
      `failed to read ${this.#source.file}: line ${line}: ${message}`,
      { where: this.#source.where(at) },
    )
  }

  /** Skips blank lines and comments. @returns whether a statement follows */
  #toStatement(): boolean {
    for (;;) {
      while (this.#pos < this.#text.length && ANY_SPACE.test(this.#char())) this.#pos++
      if (this.#pos >= this.#text.length) return false
      if (this.#char() !== '#') return true
      const end = this.#text.indexOf('\n', this.#pos)
      if (end < 0) return false
      this.#pos = end
    }
  }

  #char(): string {
    return this.#text[this.#pos] ?? ''
  }

  #skipSpaces(): void {
    while (isSpace(this.#char())) this.#pos++
  }

  #statement(): void {
    if (/^export\s/.test(this.#text.slice(this.#pos, this.#pos + 7))) {
      this.#pos += 'export'.length
      this.#skipSpaces()
    }
    const start = this.#pos
    const { key, inherited } = this.#key()
    if (key.includes(' ')) this.#fail('key cannot contain a space', start)
    this.#skipSpaces()
    const value = inherited ? this.#lookup(key) : this.#value()
    if (value !== undefined) this.#into.set(key, { value, source: this.#source, offset: start })
  }

  /** A name up to `=`, `:` or the end of the line; at the latter its value is looked up in the environment. */
  #key(): { key: string; inherited: boolean } {
    const start = this.#pos
    for (; this.#pos < this.#text.length; this.#pos++) {
      const char = String.fromCodePoint(this.#text.codePointAt(this.#pos) ?? 0)
      if (isSpace(char)) continue
      if (char === '=' || char === ':' || char === '\n') {
        const key = this.#text.slice(start, this.#pos).trimEnd()
        this.#pos++
        return { key, inherited: char === '\n' }
      }
      if (!isKeyChar(char)) {
        const line = this.#text.slice(start).split('\n', 1)[0] ?? ''
        this.#fail(`unexpected character ${JSON.stringify(char)} in variable name ${JSON.stringify(line)}`, this.#pos)
      }
      if (char.length > 1) this.#pos++
    }
    // Docker compose takes a bare name on a last line without a line break for the value of an empty name.
    this.#pos = start
    return { key: '', inherited: false }
  }

  #value(): string {
    const quote = this.#char()
    if (quote === '"' || quote === "'") return this.#quoted(quote)
    const start = this.#pos
    const end = this.#text.indexOf('\n', start)
    const line = end < 0 ? this.#text.slice(start) : this.#text.slice(start, end)
    this.#pos = end < 0 ? this.#text.length : end + 1
    const comment = line.indexOf(' #')
    return this.#expand((comment < 0 ? line : line.slice(0, comment)).trimEnd(), start)
  }

  #quoted(quote: string): string {
    const start = this.#pos
    let value = ''
    let escaped = false
    for (this.#pos++; this.#pos < this.#text.length; this.#pos++) {
      const char = this.#char()
      if (char !== quote) {
        if (!escaped && char === '\\') {
          escaped = true
          continue
        }
        value += escaped ? `\\${char}` : char
        escaped = false
      } else if (escaped) {
        value += char
        escaped = false
      } else {
        this.#pos++
        return quote === '"' ? this.#expand(unescapeText(value), start) : value
      }
    }
    const line = this.#text.slice(start).split('\n', 1)[0] ?? ''
    // The number is that of the last line, where the search for the quote ended; the position is where it began.
    return this.#fail(`unterminated quoted value ${line}`, start, this.#source.line(this.#text.length))
  }

  #tellUnset(name: string, at: number): void {
    const { source: _secret, ...where } = this.#source.where(at)
    const message =
      `The ${JSON.stringify(name)} variable is not set. Defaulting to a blank string. ` +
      'To keep a dollar sign as it is, write the value in single quotes.'
    this.#warn?.({ message, where })
  }

  #expand(value: string, at: number): string {
    try {
      return substitute(value, this.#lookup, { unset: name => this.#tellUnset(name, at) })
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      const { kind, message } = error.problem
      throw new TscomposeError(
        kind === 'required' ? 'COMPOSE_VARIABLE_REQUIRED' : 'COMPOSE_TEMPLATE_INVALID',
        `failed to read ${this.#source.file}: ${message}`,
        { where: this.#source.where(at) },
      )
    }
  }
}

const ESCAPE = /\\(?:[abcfnrtv$"\\]|0\d{0,3})/g
const ESCAPED: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  // The template that is expanded next spells a dollar sign this way.
  $: '$$',
}

/** The escapes of double quotes; what is none of them stays as it was typed. */
const unescapeText = (text: string): string =>
  text.replace(ESCAPE, match => {
    const known = ESCAPED[match[1] ?? '']
    if (known !== undefined) return known
    // An escape of Go's but for the zero, and that is taken away also where it is none.
    const octal = match.slice(2)
    return /^[0-3][0-7]{2}$/.test(octal) ? String.fromCodePoint(Number.parseInt(octal, 8)) : `\\${octal}`
  })

/** `format: raw`: lines are taken as they are, as by `docker run --env-file`. */
export function parseRawEnv(source: Source, into: EnvEntries, lookup: Lookup): void {
  let offset = 0
  for (const raw of source.text.split('\n')) {
    const start = offset
    offset += raw.length + 1
    const line = (start === 0 ? raw.replace(/^\ufeff/, '') : raw).replace(/\r$/, '').trimStart()
    if (line === '' || line.startsWith('#')) continue
    const equals = line.indexOf('=')
    const key = equals < 0 ? line : line.slice(0, equals)
    const fail = (message: string): never => {
      throw new TscomposeError('COMPOSE_ENV_FILE_INVALID', `failed to parse env_file ${source.file}: ${message}`, {
        where: source.where(start),
      })
    }
    if (/\s/.test(key)) fail(`variable '${key}' contains whitespaces`)
    if (key === '') fail(`no variable name on line '${line}'`)
    const value = equals < 0 ? lookup(key) : line.slice(equals + 1)
    if (value !== undefined) into.set(key, { value, source, offset: start })
  }
}

/** For texts that are no files of the user's. */
export const parseDotenvText = (text: string, lookup: Lookup): Record<string, string> => {
  const entries: EnvEntries = new Map()
  parseDotenv(new Source('.env', text), entries, lookup)
  return Object.fromEntries([...entries].map(([key, { value }]) => [key, value]))
}
