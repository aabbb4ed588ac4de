/** Durations of the Compose file: Go's notation with days and weeks, such as `1m30s` or `1.5h`. */

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
}
const INT64_MAX = 2n ** 63n - 1n

/**
 * @returns nanoseconds
 * @throws Error in the words of the original
 */
export function parseDuration(text: string): bigint {
  const invalid = (problem = 'invalid duration'): never => {
    throw new Error(`time: ${problem} "${text}"`)
  }
  const negative = text.startsWith('-')
  let rest = /^[-+]/.test(text) ? text.slice(1) : text
  if (rest === '0') return 0n
  if (rest === '') return invalid()
  let total = 0n
  while (rest !== '') {
    const [number = '', whole = '', fraction = ''] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? []
    if (whole === '' && fraction === '') return invalid()
    const unitText = /^[^.\d]*/.exec(rest.slice(number.length))?.[0] ?? ''
    if (unitText === '') return invalid('missing unit in duration')
    const unit = UNITS[unitText] ?? invalid(`unknown unit "${unitText}" in duration`)
    rest = rest.slice(number.length + unitText.length)
    total += BigInt(whole || '0') * unit
    if (fraction) total += BigInt(Math.trunc(Number(`0.${fraction}`) * Number(unit)))
    if (total > INT64_MAX) return invalid()
  }
  return negative ? -total : total
}

/** Go's time.Duration in text: `1m30s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  for (const [unit, factor] of [
    ['ns', 1n],
    ['µs', 1_000n],
    ['ms', 1_000_000n],
  ] as const)
    if (size < factor * 1000n) return `${sign}${decimal(size, factor)}${unit}`
  const minutes = size / 60_000_000_000n
  const seconds = `${decimal(size % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return sign + seconds
  const hours = minutes / 60n
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`
}

function decimal(value: bigint, unit: bigint): string {
  const rest = value % unit
  if (rest === 0n) return String(value / unit)
  const digits = String(rest).padStart(String(unit).length - 1, '0')
  return `${value / unit}.${digits.replace(/0+$/, '')}`
}
