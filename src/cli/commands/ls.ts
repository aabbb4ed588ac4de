import { label } from '../../compose/labels.ts'
import type { ContainerSummary } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { collect, type Define } from '../command.ts'
import { connect } from '../engine.ts'
import { composeColumn, renderTable } from '../output/table.ts'

interface LsFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly format: string
  readonly quiet?: boolean
}

export const define: Define = (command, cli) =>
  command
    .option('-a, --all', 'Also projects of which nothing runs')
    .option('--filter <name=regex>', 'Only projects with such a name', collect)
    .option('--format <format>', 'table or json', 'table')
    .option('-q, --quiet', 'Only names')
    .action(async ({ all = false, filter = [], format, quiet }: LsFlags) => {
      if (format !== 'table' && format !== 'json')
        throw new TscomposeError('CLI_FLAG', `unsupported format "${format}"`)
      const patterns = filter.map(namePattern)
      const engine = await connect()
      const containers = await engine.containerList({ all, filters: { label: [label.project] } })
      const projects = [...Map.groupBy(containers, ({ Labels }) => Labels[label.project] ?? '')]
        .filter(([name]) => patterns.every(pattern => pattern.test(name)))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([Name, own]) => ({ Name, Status: combinedStatus(own), ConfigFiles: configFiles(own) }))
      if (quiet) cli.stdout.write(projects.map(({ Name }) => `${Name}\n`).join(''))
      else if (format === 'json') cli.stdout.write(`${JSON.stringify(projects)}\n`)
      else
        cli.stdout.write(
          renderTable(
            [
              ['NAME', 'STATUS', 'CONFIG FILES'],
              ...projects.map(({ Name, Status, ConfigFiles }) => [Name, Status, ConfigFiles]),
            ],
            composeColumn,
          ),
        )
    })

function namePattern(filter: string): RegExp {
  const [key, ...value] = filter.split('=')
  if (key !== 'name') throw new TscomposeError('CLI_FLAG', `unknown filter ${key}`)
  return new RegExp(value.join('='))
}

/** `exited(1), running(2)` */
const combinedStatus = (containers: readonly ContainerSummary[]): string =>
  [...Map.groupBy(containers, ({ State }) => State)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, { length }]) => `${state}(${length})`)
    .join(', ')

const configFiles = (containers: readonly ContainerSummary[]): string =>
  [...new Set(containers.flatMap(({ Labels }) => Labels[label.configFiles] ?? []))].join(',') || 'N/A'
