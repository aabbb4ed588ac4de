import { readFileSync } from 'node:fs'

/** What all processors of the machine have been busy and idle with: a container's share of it is its use in percent. */
export interface ProcessorTime {
  /** nanoseconds, of all processors together */
  readonly total: number
  readonly online: number
}

/** USER_HZ is 100 on all architectures there are. */
const NANOSECONDS_PER_TICK = 1e7

/** The text of /proc/stat, proc_stat(5). Guests' time is within that of their users, and stolen time nobody's here. */
export function parseProcessorTime(text: string): ProcessorTime {
  const [all = '', ...rest] = text.split('\n')
  const ticks = all.trim().split(/\s+/).slice(1, 8).map(Number)
  return {
    total: ticks.reduce((sum, one) => sum + one, 0) * NANOSECONDS_PER_TICK,
    online: rest.findIndex(line => !line.startsWith('cpu')),
  }
}

export const readProcessorTime = (): ProcessorTime => parseProcessorTime(readFileSync('/proc/stat', 'latin1'))
