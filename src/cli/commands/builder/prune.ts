import { collect, type Define } from '../../command.ts'
import { bytesOf } from '../../create/sizes.ts'
import { filtersOf } from '../../key-values.ts'
import { pruneAsked, section } from '../../prune.ts'

interface PruneFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly force?: boolean
  readonly keepStorage?: string
}

const warnings = {
  dangling: 'WARNING! This will remove all dangling build cache.',
  all: 'WARNING! This will remove all build cache.',
}

export const define: Define = (command, cli) =>
  command
    .option('-a, --all', 'Also what images share with the cache: steps whose layers they have')
    .option('--filter <name=value>', 'Only what was not used since: until=24h; or by id, type, description', collect)
    .option('-f, --force', 'Do not ask')
    .option('--keep-storage <bytes>', 'So much may stay, as 10GB: what was used last')
    .action(async ({ all = false, filter, force, keepStorage }: PruneFlags) => {
      const options = {
        all,
        filters: filtersOf(filter),
        ...(keepStorage !== undefined && { keepStorage: bytesOf(keepStorage) }),
      }
      await pruneAsked(cli, { warning: all ? warnings.all : warnings.dangling, force }, async engine => {
        const { CachesDeleted, SpaceReclaimed } = await engine.buildPrune(options)
        return { text: section('build cache objects', CachesDeleted), bytes: SpaceReclaimed }
      })
    })
