import type { Surroundings } from '../compose/operation.ts'
import type { SessionOptions } from '../compose/watch/session.ts'
import { notSupportedYet } from './command.ts'
import type { LogPrinter } from './output/log-printer.ts'

/** Restarts among the output of containers are told in a line of their own, not as progress. */
export const withoutProgress = ({ begin: _, end: __, ...surroundings }: Surroundings): Surroundings => ({
  ...surroundings,
  report: () => {},
})

/** How a session of `watch` speaks, and how it builds services anew. */
export const sessionOptions = (printer: LogPrinter): SessionOptions => ({
  say: line => printer.printWatch(line),
  rebuild: async () => {
    throw notSupportedYet('the action rebuild of develop.watch')
  },
})
