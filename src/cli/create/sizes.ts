import { parseBytes } from '../../compose/load/syntax/bytes.ts'
import { parseDuration } from '../../compose/load/syntax/duration.ts'
import { badFlag, parsed } from './parsed.ts'

/** `512m`, `1.5g` @returns bytes */
export const bytesOf = (text: string): number => Number(parsed(parseBytes, text))

/** Like {@link bytesOf}, and `-1` for no limit. */
export const bytesOrUnlimited = (text: string): number => (text === '-1' ? -1 : bytesOf(text))

/** A number of processors as a decimal: `1.5` @returns billionths of a processor */
export function nanoCpus(text: string): number {
  const [, whole = '', fraction = ''] = /^(\d*)(?:\.(\d*))?$/.exec(text) ?? []
  if (whole === '' && fraction === '') throw badFlag(`failed to parse ${text} as a rational number`)
  if (fraction.length > 9) throw badFlag('value is too precise')
  return Number(whole || '0') * 1_000_000_000 + Number(fraction.padEnd(9, '0'))
}

/** Go's notation: `1m30s` @returns nanoseconds */
export const durationOf = (text: string): number => Number(parsed(parseDuration, text))
