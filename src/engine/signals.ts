import { constants } from 'node:os'
import { invalid } from './failures.ts'

const RTMIN = 34
const RTMAX = 64

/** signal(7): the names without `SIG` and their numbers, real-time signals included. */
const numbers = new Map<string, number>([
  ...Object.entries(constants.signals).map(([name, number]): [string, number] => [name.slice(3), number]),
  ...Array.from({ length: 16 }, (_, n): [string, number] => [n ? `RTMIN+${n}` : 'RTMIN', RTMIN + n]),
  ...Array.from({ length: 15 }, (_, n): [string, number] => [n ? `RTMAX-${n}` : 'RTMAX', RTMAX - n]),
])

/**
 * The number of a signal given by number or by name, with or without `SIG`, in either case.
 * @throws TscomposeError ENGINE_REQUEST_INVALID
 */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : numbers.get(text.toUpperCase().replace(/^SIG/, ''))
  if (number === undefined || number < 1 || number > RTMAX) throw invalid(`invalid signal: ${text}`)
  return number
}
