import type { Define } from '../../command.ts'
import { bytesOf } from '../../create/sizes.ts'
import { filtersOf } from '../../key-values.ts'
import { type PruneFlags, pruneAsked, pruneOptions } from '../../prune.ts'
import { pruneBuilds } from '../../prunes.ts'

const warnings = {
  dangling: 'WARNING! This will remove all dangling build cache.',
  all: 'WARNING! This will remove all build cache.',
}

export const define: Define = (command, cli) =>
  pruneOptions(command, {
    all: 'Also what images share with the cache: steps whose layers they have',
    filter: 'Only what was not used since: until=24h; or by id, type, description',
  })
    .option('--keep-storage <bytes>', 'So much may stay, as 10GB: what was used last')
    .action(async ({ keepStorage, ...flags }: PruneFlags & { readonly keepStorage?: string }) => {
      const { all = false } = flags
      const options = {
        all,
        filters: filtersOf(flags.filter),
        ...(keepStorage !== undefined && { keepStorage: bytesOf(keepStorage) }),
      }
      await pruneAsked(cli, all ? warnings.all : warnings.dangling, flags, engine => pruneBuilds(engine, options))
    })
