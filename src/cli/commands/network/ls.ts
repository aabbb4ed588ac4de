import type { NetworkInspect } from '../../../engine/api.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { renderTable } from '../../output/table.ts'

interface LsFlags {
  readonly filter?: readonly string[]
  readonly format: string
  /** False with `--no-trunc`. */
  readonly trunc: boolean
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .option(
      '-f, --filter <name=value>',
      'Only networks of this driver, id, label, name, scope, type or dangling',
      collect,
    )
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('--no-trunc', 'Whole ids')
    .option('-q, --quiet', 'Only ids')
    .action(async ({ filter, format, trunc, quiet }: LsFlags) => {
      const networks = await (await connect()).networkList({ filters: filtersOf(filter) })
      const rows = networks.map(network => fields(network, trunc)).sort((a, b) => compareNames(a.Name, b.Name))
      if (quiet && format === 'table') cli.stdout.write(rows.map(({ ID }) => `${ID}\n`).join(''))
      else if (format === 'table')
        cli.stdout.write(
          renderTable([
            ['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'],
            ...rows.map(({ ID, Name, Driver, Scope }) => [ID, Name, Driver, Scope]),
          ]),
        )
      else if (format === 'json')
        cli.stdout.write(rows.map(({ LabelMap: _, ...row }) => `${JSON.stringify(row)}\n`).join(''))
      else {
        const { renderFormat } = await import('../../output/format.ts')
        cli.stdout.write(renderFormat(format, rows, { ID: 'NETWORK ID', CreatedAt: 'CREATED AT' }))
      }
    })

/** The names by which templates know a network. */
const fields = (network: NetworkInspect, trunc: boolean) => ({
  CreatedAt: `${network.Created.replace('T', ' ').replace('Z', '')} +0000 UTC`,
  Driver: network.Driver,
  ID: trunc ? network.Id.slice(0, 12) : network.Id,
  IPv4: String(network.EnableIPv4),
  IPv6: String(network.EnableIPv6),
  Internal: String(network.Internal),
  LabelMap: network.Labels,
  Labels: Object.entries(network.Labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(','),
  Name: network.Name,
  Scope: network.Scope,
})

/** `net2` comes before `net10`, as in Docker. */
const compareNames = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })
