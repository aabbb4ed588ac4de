import type { Command } from 'commander'
import { parseTime } from './times.ts'

/** What both `logs` commands take: which part of a log, and how it is shown. */
export interface LogWindowFlags {
  readonly follow?: boolean
  readonly since?: string
  readonly tail: string
  readonly timestamps?: boolean
  readonly until?: string
}

export const defineLogWindow = (command: Command): Command =>
  command
    .option('-f, --follow', 'Go on with what is written from now on')
    .option('--since <time>', 'From then on: RFC 3339, Unix seconds, or how long ago (42m)')
    .option('-n, --tail <lines>', 'Only so many lines at the end of each log', 'all')
    .option('-t, --timestamps', 'With the time of each line')
    .option('--until <time>', 'Up to then')

/** The part of a log that is asked for. @throws TscomposeError CLI_FLAG */
export function logWindow({ since, tail, until }: LogWindowFlags) {
  const now = Date.now()
  return {
    tail,
    ...(since !== undefined && { since: parseTime(since, now) }),
    ...(until !== undefined && { until: parseTime(until, now) }),
  }
}
