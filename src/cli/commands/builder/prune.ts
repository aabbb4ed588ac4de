import { collect, type Define } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { bytesOf } from '../../create/sizes.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { humanSize } from '../../output/human-size.ts'

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
    .option('-a, --all', 'Also of steps whose layers images have')
    .option('--filter <name=value>', 'Only what was not used since: until=24h; or by id, type, description', collect)
    .option('-f, --force', 'Do not ask')
    .option('--keep-storage <bytes>', 'So much may stay, as 10GB: what was used last')
    .action(async ({ all = false, filter, force, keepStorage }: PruneFlags) => {
      const options = {
        all,
        filters: filtersOf(filter),
        ...(keepStorage !== undefined && { keepStorage: bytesOf(keepStorage) }),
      }
      const question = `${all ? warnings.all : warnings.dangling}\nAre you sure you want to continue? [y/N]`
      if (!force && !(await confirm(cli, question))) return
      const { CachesDeleted, SpaceReclaimed } = await (await connect()).buildPrune(options)
      if (CachesDeleted.length > 0) cli.stdout.write(`Deleted build cache objects:\n${CachesDeleted.join('\n')}\n\n`)
      cli.stdout.write(`Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`)
    })
