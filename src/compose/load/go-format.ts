/** How Go prints numbers: what the Compose loader turns into text (environment values, labels) shows Go's notation. */

/** fmt's %v of a float64: shortest digits that read back, exponent form below 1e-4 and from 1e6 on, also where that is longer. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  const size = Math.abs(value)
  if (value !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [digits, exponent = '0'] = value.toExponential().split('e')
    const number = Number(exponent)
    return `${digits}e${number < 0 ? '-' : '+'}${String(Math.abs(number)).padStart(2, '0')}`
  }
  return String(value)
}

/** The shortest decimal that reads back as the same float32, as a number. */
export function shortestFloat32(value: number): number {
  const single = Math.fround(value)
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(single.toPrecision(digits))
    if (Math.fround(candidate) === single) return candidate
  }
  return single
}

/** %q and %#v of a string, near enough: what differs from JSON (\x escapes of control characters) is not met in names. */
export const quote = (text: string): string => JSON.stringify(text)
