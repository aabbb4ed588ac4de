import { collect, type Define } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { humanSize } from '../../output/human-size.ts'

export const define: Define = (command, cli) =>
  command
    .option('--filter <name=value>', 'Only containers with such a label, or older than: until=24h', collect)
    .option('-f, --force', 'Do not ask')
    .action(async ({ filter, force }: { filter?: readonly string[]; force?: boolean }) => {
      const filters = filtersOf(filter)
      const question = 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N]'
      if (!force && !(await confirm(cli, question))) return
      const { ContainersDeleted, SpaceReclaimed } = await (await connect()).containerPrune({ filters })
      if (ContainersDeleted.length > 0)
        cli.stdout.write(`Deleted Containers:\n${ContainersDeleted.map(id => `${id}\n`).join('')}\n`)
      cli.stdout.write(`Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`)
    })
