import type { ContainerSummary } from '../../../engine/api.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { integer } from '../../numbers.ts'
import { type ContainerFields, containerFields } from '../../output/container-fields.ts'
import { humanSize } from '../../output/human-size.ts'
import { renderTable } from '../../output/table.ts'

interface LsFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly format: string
  readonly last: number
  readonly latest?: boolean
  readonly trunc: boolean
  readonly quiet?: boolean
  readonly size?: boolean
}

const columns = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'] as const
const headers = { ID: 'CONTAINER ID', RunningFor: 'CREATED', CreatedAt: 'CREATED AT', LocalVolumes: 'LOCAL VOLUMES' }

export const define: Define = (command, cli) =>
  command
    .option('-a, --all', 'Also containers that do not run')
    .option('-f, --filter <name=value>', 'Only containers that match', collect)
    .option('--format <format>', 'table, table TEMPLATE, json, or a Go template', 'table')
    .option('-n, --last <n>', 'The last ones that were created, in any state', integer('-n, --last'), -1)
    .option('-l, --latest', 'The last one that was created, in any state')
    .option('--no-trunc', 'Commands and ids in full')
    .option('-q, --quiet', 'Only ids')
    .option('-s, --size', 'Also what they take on disk')
    .action(async (flags: LsFlags) => {
      const { all = false, filter, format, latest, last, trunc, quiet, size = false } = flags
      const limit = latest ? 1 : last
      const containers = await (await connect()).containerList({
        all,
        size: size || /\.Size\b|\{\{\s*json\s+\.\s*\}\}/.test(format),
        filters: filtersOf(filter),
        ...(limit > 0 && { limit }),
      })
      const now = Date.now()
      const rows = containers.map(container => ({
        ...dockerFields(containerFields(container, { now, trunc })),
        LabelMap: container.Labels,
        Size: sizeText(container),
      }))
      if (quiet) return void cli.stdout.write(rows.map(({ ID }) => `${ID}\n`).join(''))
      if (format === 'table') {
        const shown = size ? [...columns, 'Size' as const] : columns
        const title = (name: string) => (headers as Record<string, string>)[name] ?? name.toUpperCase()
        return void cli.stdout.write(renderTable([shown.map(title), ...rows.map(row => shown.map(name => row[name]))]))
      }
      if (format === 'json')
        return void cli.stdout.write(rows.map(({ LabelMap: _, ...row }) => `${JSON.stringify(row)}\n`).join(''))
      const { renderFormat } = await import('../../output/format.ts')
      cli.stdout.write(renderFormat(format, rows, headers))
    })

/** What docker's own list has; the others are docker compose's. */
const dockerFields = ({ Engine, ExitCode, Health, Name, Project, Publishers, Service, ...fields }: ContainerFields) =>
  fields

const sizeText = ({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string =>
  `${humanSize(SizeRw, 3)}${SizeRootFs > 0 ? ` (virtual ${humanSize(SizeRootFs, 3)})` : ''}`
