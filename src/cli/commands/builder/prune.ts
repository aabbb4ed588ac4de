import type { Define } from '../../command.ts'
import { some } from '../../create/parsed.ts'
import { bytesOf } from '../../create/sizes.ts'
import { filtersOf } from '../../key-values.ts'
import { type PruneFlags, pruneAsked, pruneOptions } from '../../prune.ts'
import { pruneBuilds } from '../../prunes.ts'

interface Flags extends PruneFlags {
  readonly reservedSpace?: string
  readonly keepStorage?: string
  readonly maxUsedSpace?: string
  readonly minFreeSpace?: string
}

const warnings = {
  dangling: 'WARNING! This will remove all dangling build cache.',
  all: 'WARNING! This will remove all build cache.',
}

export const define: Define = (command, cli) =>
  pruneOptions(command, {
    all: 'Also what images share with the cache: steps whose layers they have',
    filter: 'Only what was not used since: until=24h; or by id, type, description',
  })
    .option('--reserved-space <bytes>', 'So much may stay in any case, as 10GB: what was used last')
    .option('--keep-storage <bytes>', 'The former name of --reserved-space')
    .option('--max-used-space <bytes>', 'No more may stay')
    .option('--min-free-space <bytes>', 'So much of the disk has to be free, if this can free it')
    .action(async ({ keepStorage, reservedSpace = keepStorage, maxUsedSpace, minFreeSpace, ...flags }: Flags) => {
      const { all = false } = flags
      const options = {
        all,
        filters: filtersOf(flags.filter),
        ...some('reservedSpace', bytes(reservedSpace)),
        ...some('maxUsedSpace', bytes(maxUsedSpace)),
        ...some('minFreeSpace', bytes(minFreeSpace)),
      }
      await pruneAsked(cli, all ? warnings.all : warnings.dangling, flags, engine => pruneBuilds(engine, options))
    })

const bytes = (text: string | undefined): number | undefined => (text === undefined ? undefined : bytesOf(text))
