import type { Define } from '../../command.ts'
import { filtersOf } from '../../key-values.ts'
import { type PruneFlags, pruneAsked, pruneOptions } from '../../prune.ts'
import { pruneNetworks } from '../../prunes.ts'

const warning = 'WARNING! This will remove all custom networks not used by at least one container.'

export const define: Define = (command, cli) =>
  pruneOptions(command, { filter: 'Only networks with such a label, or older than: until=24h' }).action(
    async (flags: PruneFlags) => {
      const filters = filtersOf(flags.filter)
      await pruneAsked(cli, warning, flags, engine => pruneNetworks(engine, filters))
    },
  )
