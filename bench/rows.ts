/** A figure of the report, ours and theirs. */
export interface Row {
  readonly work: string
  readonly goal: string
  readonly unit: 'ms' | 'MB' | '/s' | 'Gbit/s' | ''
  readonly ours: number
  readonly theirs?: number
  /** Whose `theirs` is, where it is not Docker's. */
  readonly rival?: string
}

/** Our command line keeps what it compiles in the first runs of a command: what people work with comes after them. */
export const WARM_UP = 4

/** Of these, more is better. */
const rates: readonly Row['unit'][] = ['/s', 'Gbit/s']

export async function elapsedMs(work: () => unknown): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

export const median = (figures: readonly number[]): number =>
  figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? Number.NaN

/** A line of the table: the ratio tells how many times better ours is. */
export function renderRow({ work, goal, unit, ours, theirs, rival }: Row): string {
  const digits = (value: number) => (Number.isInteger(value) ? 0 : value < 1 ? 3 : value < 100 ? 1 : 0)
  const figure = (value: number) => `${value.toFixed(digits(value))} ${unit}`.trim()
  if (theirs === undefined) return `| ${work} | ${figure(ours)} | | | ${goal} |`
  const ratio = rates.includes(unit) ? ours / theirs : theirs / ours
  return `| ${work} | ${figure(ours)} | ${figure(theirs)}${rival ? ` (${rival})` : ''} | ${ratio.toFixed(1)} x | ${goal} |`
}
