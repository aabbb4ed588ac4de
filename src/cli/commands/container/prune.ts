import type { Define } from '../../command.ts'
import { filtersOf } from '../../key-values.ts'
import { type PruneFlags, pruneAsked, pruneOptions } from '../../prune.ts'
import { pruneContainers } from '../../prunes.ts'

const warning = 'WARNING! This will remove all stopped containers.'

export const define: Define = (command, cli) =>
  pruneOptions(command, { filter: 'Only containers with such a label, or older than: until=24h' }).action(
    async (flags: PruneFlags) => {
      const filters = filtersOf(flags.filter)
      await pruneAsked(cli, warning, flags, engine => pruneContainers(engine, filters))
    },
  )
