/**
 * Patterns of Go's `filepath.Match`, for one name between slashes: `*`, `?`, `[a-z]`, `[^a-z]` and backslashes. Matched
 * without going back further than to the last `*`, so that no pattern takes long.
 */
export class NamePattern {
  readonly #parts: readonly Part[]

  /** @throws Error if brackets or a backslash are left open */
  constructor(pattern: string) {
    this.#parts = parse([...pattern])
  }

  matches(name: string): boolean {
    const characters = [...name]
    let part = 0
    let at = 0
    let star = -1
    let afterStar = 0
    while (at < characters.length) {
      const test = this.#parts[part]
      if (test === STAR) {
        star = part++
        afterStar = at
      } else if (test?.(characters[at] ?? '')) {
        part++
        at++
      } else if (star >= 0) {
        part = star + 1
        at = ++afterStar
      } else return false
    }
    while (this.#parts[part] === STAR) part++
    return part === this.#parts.length
  }
}

/** Whether a path or a name has anything but itself to match; what a backslash escapes has not. */
export const hasWildcard = (text: string): boolean => /^(?:[^*?[\\]|\\.)*[*?[]/su.test(text)

/** A name without wildcards, without its backslashes. */
export const plainName = (text: string): string => text.replace(/\\(.)/gsu, '$1')

const STAR = Symbol('*')
type Part = typeof STAR | ((character: string) => boolean)

function parse(characters: readonly string[]): readonly Part[] {
  const parts: Part[] = []
  let at = 0
  const next = () => characters[at++] ?? bad(characters)
  while (at < characters.length) {
    const character = next()
    if (character === '*') parts.push(STAR)
    else if (character === '?') parts.push(() => true)
    else if (character === '[') parts.push(readClass())
    else parts.push(same(character === '\\' ? next() : character))
  }
  return parts

  function readClass(): Part {
    const negated = characters[at] === '^'
    if (negated) at++
    const ranges: (readonly [string, string])[] = []
    while (characters[at] !== ']' || ranges.length === 0) {
      const low = readMember()
      const high = characters[at] === '-' && ++at ? readMember() : low
      ranges.push([low, high])
    }
    at++
    return character => ranges.some(([low, high]) => low <= character && character <= high) !== negated
  }

  function readMember(): string {
    const character = next()
    if (character === '-' || character === ']') bad(characters)
    return character === '\\' ? next() : character
  }
}

const same = (expected: string) => (character: string) => character === expected

function bad(pattern: readonly string[]): never {
  throw new Error(`syntax error in pattern ${JSON.stringify(pattern.join(''))}`)
}
