import { collect, type Define } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'

const warning = 'WARNING! This will remove all custom networks not used by at least one container.'

export const define: Define = (command, cli) =>
  command
    .option('--filter <name=value>', 'Only networks with such a label, or older than: until=24h', collect)
    .option('-f, --force', 'Do not ask')
    .action(async ({ filter, force }: { filter?: readonly string[]; force?: boolean }) => {
      const filters = filtersOf(filter)
      if (!force && !(await confirm(cli, `${warning}\nAre you sure you want to continue? [y/N]`))) return
      const { NetworksDeleted } = await (await connect()).networkPrune({ filters })
      if (NetworksDeleted.length > 0)
        cli.stdout.write(`Deleted Networks:\n${NetworksDeleted.map(name => `${name}\n`).join('')}\n`)
    })
