import type { Rlimit } from '../../runtime/spec.ts'
import type { Ulimit } from '../api.ts'
import { invalid } from '../failures.ts'

const names = new Set(
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
)

/** As many open files as dockerd's own unit file gives its containers. */
const DEFAULT_NOFILE = 1_048_576

/**
 * The limits of a container: its own, then the configuration's, then a generous number of open files, as far as the
 * engine itself may have them.
 * @param hardNofile the engine's own hard limit of open files
 */
export function translateUlimits(own: readonly Ulimit[], defaults: readonly Ulimit[], hardNofile: number): Rlimit[] {
  const limits = new Map<string, Rlimit>()
  const nofile = Math.min(DEFAULT_NOFILE, hardNofile)
  limits.set('nofile', { type: 'RLIMIT_NOFILE', soft: nofile, hard: nofile })
  for (const { Name, Soft, Hard } of [...defaults, ...own]) {
    const name = Name.toLowerCase()
    if (!names.has(name)) throw invalid(`invalid ulimit type: ${Name}`)
    if (Hard !== -1 && (Soft > Hard || Soft === -1)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`)
    }
    limits.set(name, { type: `RLIMIT_${name.toUpperCase()}`, soft: Soft, hard: Hard })
  }
  return [...limits.values()]
}
