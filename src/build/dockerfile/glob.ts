/**
 * Patterns of `${name#pattern}` and its kin: `*`, `?` and backslashes, but no brackets, as BuildKit has them. Matched by
 * running all possibilities at once: a regular expression would take exponential time for a pattern made to.
 */
class Glob {
  /** A character, any one, or any number. */
  readonly #parts: readonly (string | typeof ANY | typeof STAR)[]

  /** @throws Error for a backslash before anything but `* ? \ / }` */
  constructor(pattern: string) {
    const parts: (string | typeof ANY | typeof STAR)[] = []
    const characters = [...pattern]
    for (let at = 0; at < characters.length; at++) {
      const character = characters[at] ?? ''
      if (character === '*') parts.push(STAR)
      else if (character === '?') parts.push(ANY)
      else if (character !== '\\') parts.push(character)
      else parts.push(escaped(pattern, characters[++at]))
    }
    this.#parts = parts
  }

  /** The leftmost match at or after `from`, of those the longest or the shortest. Positions count characters. */
  search(text: readonly string[], from: number, { anchored = false, longest = true }: SearchOptions = {}) {
    const end = this.#parts.length
    let best: { start: number; end: number } | undefined
    // For each place in the pattern, the earliest start of those that have come so far.
    let places = new Array<number>(end + 1).fill(NOWHERE)
    for (let at = from; at <= text.length; at++) {
      if (!best && (at === from || !anchored)) places[0] = Math.min(places[0] ?? NOWHERE, at)
      this.#skipStars(places)
      const start = places[end] ?? NOWHERE
      if (start !== NOWHERE && (!best || start < best.start || (start === best.start && longest))) {
        best = { start, end: at }
      }
      if (at === text.length) break
      const next = this.#step(places, text[at] ?? '', best?.start ?? NOWHERE)
      if (!next && (best || anchored)) break
      places = next ?? places.fill(NOWHERE)
    }
    return best
  }

  #skipStars(places: number[]): void {
    for (const [place, part] of this.#parts.entries()) {
      if (part === STAR) places[place + 1] = Math.min(places[place + 1] ?? NOWHERE, places[place] ?? NOWHERE)
    }
  }

  /** @returns undefined if nothing goes on; what began after `notAfter` cannot win any more */
  #step(places: readonly number[], character: string, notAfter: number): number[] | undefined {
    const next = new Array<number>(places.length).fill(NOWHERE)
    let alive = false
    for (const [place, part] of this.#parts.entries()) {
      const start = places[place] ?? NOWHERE
      if (start === NOWHERE || start > notAfter) continue
      const matches = typeof part === 'string' ? part === character : character !== '\n'
      if (!matches) continue
      const to = part === STAR ? place : place + 1
      next[to] = Math.min(next[to] ?? NOWHERE, start)
      alive = true
    }
    return alive ? next : undefined
  }
}

interface SearchOptions {
  readonly anchored?: boolean
  readonly longest?: boolean
}

const ANY = Symbol('?')
const STAR = Symbol('*')
const NOWHERE = Number.POSITIVE_INFINITY

function escaped(pattern: string, character: string | undefined): string {
  if (character !== undefined && '*?\\/}'.includes(character)) return character
  throw new Error(`invalid pattern (${pattern}) in substitution: invalid escape '\\${character ?? ''}'`)
}

/** `${value#pattern}`, and with `longest` `${value##pattern}` */
export function trimPrefix(pattern: string, value: string, longest: boolean): string {
  const characters = [...value]
  const match = new Glob(pattern).search(characters, 0, { anchored: true, longest })
  return match ? characters.slice(match.end).join('') : value
}

/** `${value%pattern}`, and with `longest` `${value%%pattern}`: the same from behind. */
export function trimSuffix(pattern: string, value: string, longest: boolean): string {
  new Glob(pattern)
  const backwards = (pattern.match(/\\[^]|[^]/gu) ?? []).reverse().join('')
  const rest = trimPrefix(backwards, [...value].reverse().join(''), longest)
  return [...rest].reverse().join('')
}

/** `${value/pattern/replacement}`, and with `all` `${value//pattern/replacement}` */
export function replace(pattern: string, value: string, replacement: string, all: boolean): string {
  const glob = new Glob(pattern)
  const characters = [...value]
  const result: string[] = []
  let at = 0
  let lastEnd = -1
  while (at <= characters.length) {
    const match = glob.search(characters, at)
    if (!match) break
    result.push(...characters.slice(at, match.start))
    const empty = match.end === match.start
    // As in Go, an empty match does not count right behind another one.
    if (!empty || match.start !== lastEnd) result.push(replacement)
    // It would be found again and again at the same place.
    if (empty) result.push(...characters.slice(match.start, match.start + 1))
    at = empty ? match.end + 1 : match.end
    lastEnd = match.end
    if (!all) break
  }
  return result.join('') + characters.slice(at).join('')
}
