import { collect, type Define } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { humanSize } from '../../output/human-size.ts'

export const define: Define = (command, cli) =>
  command
    .option('-a, --all', 'Also volumes with a name')
    .option('--filter <name=value>', 'Only volumes with such a label', collect)
    .option('-f, --force', 'Do not ask')
    .action(async ({ all, filter, force }: { all?: boolean; filter?: readonly string[]; force?: boolean }) => {
      const filters = { ...filtersOf(filter), ...(all && { all: ['true'] }) }
      const which = all ? 'all' : 'anonymous'
      const question = `WARNING! This will remove ${which} local volumes not used by at least one container.\nAre you sure you want to continue? [y/N]`
      if (!force && !(await confirm(cli, question))) return
      const { VolumesDeleted, SpaceReclaimed } = await (await connect()).volumePrune({ filters })
      if (VolumesDeleted.length > 0)
        cli.stdout.write(`Deleted Volumes:\n${VolumesDeleted.map(name => `${name}\n`).join('')}\n`)
      cli.stdout.write(`Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`)
    })
