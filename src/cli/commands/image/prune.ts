import type { Define } from '../../command.ts'
import { filtersOf } from '../../key-values.ts'
import { type PruneFlags, pruneAsked, pruneOptions } from '../../prune.ts'
import { pruneImages } from '../../prunes.ts'

const warnings = {
  dangling: 'WARNING! This will remove all dangling images.',
  all: 'WARNING! This will remove all images without at least one container associated to them.',
}

export const define: Define = (command, cli) =>
  pruneOptions(command, {
    all: 'Also images that have a name, if no container uses them',
    filter: 'Only images with such a label, or older than: until=24h',
  }).action(async (flags: PruneFlags) => {
    const { all = false } = flags
    const filters = filtersOf(flags.filter)
    await pruneAsked(cli, all ? warnings.all : warnings.dangling, flags, engine => pruneImages(engine, filters, all))
  })
