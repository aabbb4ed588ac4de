import type { Define } from '../../command.ts'
import { filtersOf } from '../../key-values.ts'
import { type PruneFlags, pruneAsked, pruneOptions } from '../../prune.ts'
import { pruneVolumes } from '../../prunes.ts'

export const define: Define = (command, cli) =>
  pruneOptions(command, { all: 'Also volumes with a name', filter: 'Only volumes with such a label' }).action(
    async (flags: PruneFlags) => {
      const { all = false } = flags
      const filters = filtersOf(flags.filter)
      const which = all ? 'all' : 'anonymous'
      const warning = `WARNING! This will remove ${which} local volumes not used by at least one container.`
      await pruneAsked(cli, warning, flags, engine => pruneVolumes(engine, filters, all))
    },
  )
