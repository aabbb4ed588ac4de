import { collect, type Define } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { humanSize } from '../../output/human-size.ts'

interface PruneFlags {
  readonly filter?: readonly string[]
  readonly force?: boolean
  readonly volumes?: boolean
}

export const define: Define = (command, cli) =>
  command
    .option('--filter <name=value>', 'Only what has such a label, or is older than: until=24h', collect)
    .option('-f, --force', 'Do not ask')
    .option('--volumes', 'Also anonymous volumes')
    .action(async ({ filter, force, volumes }: PruneFlags) => {
      const filters = filtersOf(filter)
      const kinds = ['stopped containers', 'networks not used by at least one container']
      if (volumes) kinds.push('anonymous volumes not used by at least one container')
      const question = `WARNING! This will remove:\n${kinds.map(kind => `  - all ${kind}\n`).join('')}\nAre you sure you want to continue? [y/N]`
      if (!force && !(await confirm(cli, question))) return
      const engine = await connect()
      const containers = await engine.containerPrune({ filters })
      const networks = await engine.networkPrune({ filters })
      const { until: _, ...labels } = filters
      const removed = volumes
        ? await engine.volumePrune({ filters: labels })
        : { VolumesDeleted: [], SpaceReclaimed: 0 }
      for (const [title, names] of [
        ['Containers', containers.ContainersDeleted],
        ['Networks', networks.NetworksDeleted],
        ['Volumes', removed.VolumesDeleted],
      ] as const)
        if (names.length > 0) cli.stdout.write(`Deleted ${title}:\n${names.map(name => `${name}\n`).join('')}\n`)
      cli.stdout.write(`Total reclaimed space: ${humanSize(containers.SpaceReclaimed + removed.SpaceReclaimed)}\n`)
    })
