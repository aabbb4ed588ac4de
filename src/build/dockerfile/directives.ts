import type { Directives, EscapeCharacter } from './dockerfile.ts'

/** A parser directive that cannot be obeyed; `at` is its line. */
export class DirectiveError extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

const known = ['syntax', 'escape', 'check']

/**
 * Reads `# name=value` at the very top of a file, up to the first line that is something else. The `syntax` directive
 * names a BuildKit frontend image; all the stable ones speak the language that is built in, so it only has to be read.
 * @throws DirectiveError
 */
export function readDirectives(lines: Iterable<string>): Directives {
  const found = new Map<string, string>()
  let escapeCharacter: EscapeCharacter = '\\'
  let at = 0
  for (const line of lines) {
    at++
    if (at === 1 && line.startsWith('#!')) continue
    const [, word = '', value = ''] = /^\s*#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S(?:.*\S)?)\s*$/.exec(line) ?? []
    const name = word.toLowerCase()
    if (!known.includes(name)) break
    if (found.has(name)) throw new DirectiveError(at, `only one ${name} parser directive can be used`)
    found.set(name, value)
    if (name !== 'escape') continue
    if (value !== '\\' && value !== '`') {
      throw new DirectiveError(at, `invalid escape token '${value}' does not match \` or \\`)
    }
    escapeCharacter = value
  }
  const syntax = found.get('syntax')?.split(' ')[0]
  return { escape: escapeCharacter, check: readCheck(found.get('check') ?? ''), ...(syntax && { syntax }) }
}

/** `skip=RuleA,RuleB;error=true`, also in a comment above an instruction. */
export function readCheck(value: string): Directives['check'] {
  const options = new Map(
    value.split(';').map(option => {
      const [name = '', text = ''] = option.split('=', 2).map(part => part.trim())
      return [name, text]
    }),
  )
  const skip = (options.get('skip') ?? '').split(',').map(rule => rule.trim())
  return { skip: skip.filter(rule => rule !== ''), error: options.get('error') === 'true' }
}
