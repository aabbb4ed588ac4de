/**
 * Patterns of files to leave out, as in a `.dockerignore` (docker build, ".dockerignore file"): one after the other, the
 * last that fits decides; `!` takes back. A pattern that fits a directory fits all that is in it.
 */
export class IgnoreRules {
  readonly #patterns: readonly Pattern[]

  /** @param patterns relative to the directory that paths are given from */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.flatMap(text => parsePattern(text) ?? [])
  }

  /** @param path relative, with slashes */
  ignores(path: string): boolean {
    const parents = prefixes(path)
    let ignored = false
    for (const { negated, fits } of this.#patterns) if (negated === ignored && parents.some(fits)) ignored = !negated
    return ignored
  }

  /** Whether nothing in a directory can be wanted, so that it need not even be opened. */
  ignoresAllIn(directory: string): boolean {
    const segments = directory.split('/')
    return (
      this.ignores(directory) &&
      !this.#patterns.some(pattern => pattern.negated && mayFitBelow(pattern.parts, segments))
    )
  }
}

/** The patterns in the text of a `.dockerignore`; lines that begin with `#` are comments. */
export const parseIgnoreFile = (text: string): string[] =>
  text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .filter(line => !line.startsWith('#'))
    .map(line => line.trim())
    .filter(line => line !== '')

interface Pattern {
  readonly negated: boolean
  /** An expression for each part between slashes; `**` stands for itself. */
  readonly parts: readonly (RegExp | '**')[]
  readonly fits: (path: string) => boolean
}

function parsePattern(text: string): Pattern | undefined {
  const negated = text.startsWith('!')
  const names: string[] = []
  for (const name of (negated ? text.slice(1) : text).trim().split('/'))
    if (name === '..') names.pop()
    else if (name !== '' && name !== '.') names.push(name)
  if (names.length === 0) return undefined
  const whole = names.map((name, i) => {
    if (name === '**') return i === names.length - 1 ? '.*' : '(?:.*/)?'
    return `${expressionOf(name)}${i === names.length - 1 ? '' : '/'}`
  })
  const expression = new RegExp(`^${whole.join('')}$`, 'su')
  return {
    negated,
    parts: names.map(name => (name === '**' ? '**' : new RegExp(`^${expressionOf(name)}$`, 'su'))),
    fits: path => expression.test(path),
  }
}

/** A part between slashes, in the words of Go's filepath.Match. */
function expressionOf(glob: string): string {
  let expression = ''
  for (let i = 0; i < glob.length; i++) {
    const char = glob[i] as string
    const close = char === '[' ? glob.indexOf(']', i + 2) : -1
    if (char === '*') {
      // Within a name `**` is as much as crosses slashes: `**.go`.
      const double = glob[i + 1] === '*'
      expression += double ? '.*' : '[^/]*'
      if (double) i++
    } else if (char === '?') expression += '[^/]'
    else if (close > 0) {
      const set = glob.slice(i + 1, close)
      const body = set.replace(/^\^/, '').replace(/[\]\\[&|~]/g, '\\$&')
      expression += `[${set.startsWith('^') ? '^' : ''}${body}]`
      i = close
    } else if (char === '\\' && i + 1 < glob.length) expression += literal(glob[++i] as string)
    else expression += literal(char)
  }
  return expression
}

/** `a/b/c`: `a`, `a/b`, `a/b/c`. */
function prefixes(path: string): string[] {
  const names = path.split('/')
  return names.map((_, i) => names.slice(0, i + 1).join('/'))
}

/** Whether a pattern can fit something in a directory, as far as the directory's own names tell. */
function mayFitBelow(parts: Pattern['parts'], directory: readonly string[]): boolean {
  for (const [i, name] of directory.entries()) {
    const part = parts[i]
    if (part === undefined || part === '**' || part.source.includes('.*')) return true
    if (!part.test(name)) return false
  }
  return true
}

const literal = (char: string): string => char.replace(/[\^$\\.*+?()[\]{}|/]/, '\\$&')
