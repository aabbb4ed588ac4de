import { label } from '../compose/labels.ts'
import type { Surroundings } from '../compose/operation.ts'
import type { Project } from '../compose/project.ts'
import { type BringUpOptions, bringUp } from '../compose/up.ts'
import type { SessionOptions } from '../compose/watch/session.ts'
import type { LogPrinter } from './output/log-printer.ts'

/** Restarts among the output of containers are told in a line of their own, not as progress. */
export const withoutProgress = ({ begin: _, end: __, ...surroundings }: Surroundings): Surroundings => ({
  ...surroundings,
  report: () => {},
})

/**
 * How a session of `watch` speaks, and how it builds services anew.
 * @param prune removes images that a rebuild has replaced
 */
export const sessionOptions = (
  surroundings: Surroundings,
  project: Project,
  up: BringUpOptions,
  printer: LogPrinter,
  { prune = true }: { readonly prune?: boolean } = {},
): SessionOptions => ({
  say: line => printer.printWatch(line),
  rebuild: async (services, signal) => {
    await bringUp(withoutProgress({ ...surroundings, signal }), project, {
      ...up,
      services,
      noDeps: true,
      wait: false,
      recreate: 'force',
      orphans: 'ignore',
      ...(up.build && { build: { ...up.build, when: 'always' } }),
    })
    const filters = { dangling: ['true'], label: [`${label.project}=${project.name}`] }
    if (prune) await surroundings.engine.imagePrune({ filters })
  },
})
