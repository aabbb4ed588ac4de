import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { renderVolumes } from '../../output/volume-list.ts'

interface LsFlags {
  readonly filter?: readonly string[]
  readonly format: string
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .option('-f, --filter <name=value>', 'Only volumes of this driver, label, name or dangling', collect)
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('-q, --quiet', 'Only names')
    .action(async ({ filter, ...shown }: LsFlags) => {
      const { Volumes } = await (await connect()).volumeList({ filters: filtersOf(filter) })
      cli.stdout.write(await renderVolumes(Volumes, shown))
    })
