import { invalid } from './failures.ts'

/** The zero time of Docker's API: what has not happened yet. */
export const NEVER = '0001-01-01T00:00:00Z'

/** A moment given as Unix seconds with a fraction, or in RFC 3339. @returns milliseconds since the epoch */
export function parseMoment(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000
  const milliseconds = Date.parse(text)
  if (Number.isNaN(milliseconds)) throw invalid(`invalid time: ${text}`)
  return milliseconds
}

export const unixSeconds = (date: Date): number => Math.floor(date.getTime() / 1000)
