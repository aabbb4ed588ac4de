import { collect, type Define } from '../../command.ts'
import { filtersOf } from '../../key-values.ts'
import { pruneAsked, section } from '../../prune.ts'

export const define: Define = (command, cli) =>
  command
    .option('-a, --all', 'Also volumes with a name')
    .option('--filter <name=value>', 'Only volumes with such a label', collect)
    .option('-f, --force', 'Do not ask')
    .action(async ({ all, filter, force }: { all?: boolean; filter?: readonly string[]; force?: boolean }) => {
      const filters = { ...filtersOf(filter), ...(all && { all: ['true'] }) }
      const which = all ? 'all' : 'anonymous'
      const warning = `WARNING! This will remove ${which} local volumes not used by at least one container.`
      await pruneAsked(cli, { warning, force }, async engine => {
        const { VolumesDeleted, SpaceReclaimed } = await engine.volumePrune({ filters })
        return { text: section('Volumes', VolumesDeleted), bytes: SpaceReclaimed }
      })
    })
