import { collect, type Define } from '../../command.ts'
import { filtersOf } from '../../key-values.ts'
import { pruneAsked, section } from '../../prune.ts'

export const define: Define = (command, cli) =>
  command
    .option('--filter <name=value>', 'Only containers with such a label, or older than: until=24h', collect)
    .option('-f, --force', 'Do not ask')
    .action(async ({ filter, force }: { filter?: readonly string[]; force?: boolean }) => {
      const filters = filtersOf(filter)
      const warning = 'WARNING! This will remove all stopped containers.'
      await pruneAsked(cli, { warning, force }, async engine => {
        const { ContainersDeleted, SpaceReclaimed } = await engine.containerPrune({ filters })
        return { text: section('Containers', ContainersDeleted), bytes: SpaceReclaimed }
      })
    })
