import type { Where } from '../../errors.ts'

/** Something the user should know that does not stop the load. */
export interface Warning {
  readonly message: string
  readonly where?: Where
}

/** The nearest of some names to one that is not among them, if any is near enough to be what was meant. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  // A name of a thousand characters is nobody's slip of the pen.
  if (name.length > 64) return undefined
  const lower = name.toLowerCase()
  let best: string | undefined
  // One letter in three may be wrong; a name of two letters must differ in case alone.
  let bestDistance = Math.floor(name.length / 3) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const distance = editDistance(lower, candidate.toLowerCase())
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** A sentence for the `fix` of an error about an unknown name; nothing if no name is near. */
export function didYouMean(name: string, known: Iterable<string>): { fix?: string } {
  const near = nearest(name, known)
  return near === undefined ? {} : { fix: `Did you mean "${near}"?` }
}

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
