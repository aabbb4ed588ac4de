import { invalid } from './failures.ts'

/** The zero time of Docker's API: what has not happened yet. */
export const NEVER = '0001-01-01T00:00:00Z'

const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const

/** A time that has passed since, as Go writes durations: `24h`, `1h30m`, `1.5s`. @returns milliseconds */
export function parseAgo(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)
  return [...parts].reduce((sum, [, number, unit]) => sum + Number(number) * units[unit as keyof typeof units], 0)
}

/**
 * A moment given as Unix seconds with a fraction, in RFC 3339, or as the time that has passed since.
 * @returns milliseconds since the epoch
 */
export function parseMoment(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const ago = parseAgo(text)
  if (ago !== undefined) return Date.now() - ago
  const milliseconds = Date.parse(text)
  if (Number.isNaN(milliseconds)) throw invalid(`invalid time: ${text}`)
  return milliseconds
}

export const unixSeconds = (date: Date): number => Math.floor(date.getTime() / 1000)

let last = 0n

/** Now, in RFC 3339 with nanoseconds; later each time it is asked, so that it orders what happens one after the other. */
export function timestamp(): string {
  const now = BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1000)) * 1000n
  last = now > last ? now : last + 1n
  const fraction = String(last % 1_000_000_000n).padStart(9, '0')
  return `${new Date(Number(last / 1_000_000n)).toISOString().slice(0, 20)}${fraction}Z`
}
