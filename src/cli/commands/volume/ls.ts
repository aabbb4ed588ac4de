import type { Volume } from '../../../engine/api.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { renderTable } from '../../output/table.ts'

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
    .action(async ({ filter, format, quiet }: LsFlags) => {
      const { Volumes } = await (await connect()).volumeList({ filters: filtersOf(filter) })
      const rows = Volumes.map(fields).sort((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }))
      if (quiet) cli.stdout.write(rows.map(({ Name }) => `${Name}\n`).join(''))
      else if (format === 'table')
        cli.stdout.write(renderTable([['DRIVER', 'VOLUME NAME'], ...rows.map(({ Driver, Name }) => [Driver, Name])]))
      else if (format === 'json')
        cli.stdout.write(rows.map(({ LabelMap: _, ...row }) => `${JSON.stringify(row)}\n`).join(''))
      else {
        const { renderFormat } = await import('../../output/format.ts')
        cli.stdout.write(renderFormat(format, rows, { Name: 'VOLUME NAME' }))
      }
    })

/** What only volumes of a cluster have; sizes are told by `system df`. */
const ofClusters = { Availability: 'N/A', Group: 'N/A', Links: 'N/A', Size: 'N/A', Status: 'N/A' }

/** The names by which templates know a volume. */
const fields = ({ Name, Driver, Mountpoint, Scope, Labels }: Volume) => ({
  ...ofClusters,
  Driver,
  LabelMap: Labels,
  Labels: Object.entries(Labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(','),
  Mountpoint,
  Name,
  Scope,
})
