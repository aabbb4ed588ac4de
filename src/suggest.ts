/** The number of letters to put in, take out, exchange or swap to get from one word to the other. */
export function distance(from: string, to: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const same = from[i - 1] === to[j - 1]
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const choices = [
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforePrevious[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      ]
      row.push(Math.min(...choices))
    }
    beforePrevious = previous
    previous = row
  }
  return previous[to.length] ?? 0
}

/** What was probably meant by `word`: the nearest candidate, if it is near enough to be a slip of the finger. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates.map(candidate => ({ candidate, away: distance(word, candidate) }))
  ranked.sort((a, b) => a.away - b.away)
  const [best] = ranked
  return best && best.away <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined
}
