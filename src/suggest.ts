/** What was probably meant by `word`: the nearest candidate, if one is near enough to be a slip of the finger. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  // A name of a thousand characters is nobody's slip of the finger.
  if (word.length > 64) return undefined
  const lower = word.toLowerCase()
  let best: string | undefined
  // One letter in three may be wrong; a name of two letters must differ in case alone.
  let bestDistance = Math.floor(word.length / 3) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const away = distance(lower, candidate.toLowerCase())
    if (away >= bestDistance) continue
    best = candidate
    bestDistance = away
  }
  return best
}

/** A sentence for the `fix` of an error about an unknown name; nothing if no name is near. */
export function didYouMean(word: string, candidates: Iterable<string>): { fix?: string } {
  const near = closest(word, candidates)
  return near === undefined ? {} : { fix: `Did you mean "${near}"?` }
}

/** The number of letters to put in, take out, exchange or swap to get from one word to the other. */
function distance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        cost = Math.min(cost, (beforePrevious[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforePrevious = previous
    previous = row
  }
  return previous[to.length] ?? 0
}
