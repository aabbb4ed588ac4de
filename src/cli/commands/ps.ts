import { label } from '../../compose/labels.ts'
import { listContainers } from '../../compose/observe.ts'
import { serviceOf } from '../../compose/select.ts'
import type { ContainerSummary } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { collect, type Define } from '../command.ts'
import { type ContainerFields, containerFields } from '../output/container-fields.ts'
import { renderTable } from '../output/table.ts'
import { findNamed, findTarget } from '../target.ts'

interface PsFlags {
  readonly all?: boolean
  readonly filter?: string
  readonly format?: string
  readonly trunc: boolean
  readonly orphans: boolean
  readonly quiet?: boolean
  readonly services?: boolean
  readonly status?: readonly string[]
}

const states = ['paused', 'restarting', 'removing', 'running', 'dead', 'created', 'exited']

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('-a, --all', 'Also stopped containers, and one-off ones')
    .option('--filter <name=value>', 'status=STATE')
    .option('--format <format>', 'table, table TEMPLATE, json, or a Go template')
    .option('--no-trunc', 'Show commands and ids in full')
    .option('--orphans', 'Also services that are not in the file (--orphans=false: without)', true)
    .option('-q, --quiet', 'Only ids')
    .option('--services', 'Only the names of the services')
    .option('--status <state>', 'Only containers in this state; may be given several times', collect)
    .action(async (services: string[], flags: PsFlags) => {
      const statuses = [...(flags.status ?? []), ...filterStatus(flags.filter)]
      const unknown = statuses.find(status => !states.includes(status))
      if (unknown !== undefined) throw new TscomposeError('CLI_FLAG', `unknown status "${unknown}"`)
      // Most of the time the name is all it takes; the file has the last word on services only where they are asked for.
      const named = services.length === 0 && flags.orphans
      const { engine, name, project } = named ? await findNamed(cli) : await findTarget(cli, services)
      if (project) for (const service of services) serviceOf(project.services, service)
      const wanted =
        services.length > 0 ? services : project && !flags.orphans ? Object.keys(project.services) : undefined
      const all = flags.all || statuses.length > 0
      const containers = (await listContainers(engine, name))
        .filter(({ State }) => all || ['running', 'paused', 'restarting'].includes(State))
        .filter(({ State }) => statuses.length === 0 || statuses.includes(State))
        .filter(({ Labels }) => all || Labels[label.oneOff] !== 'True')
        .filter(({ Labels }) => wanted?.includes(Labels[label.service] ?? '') ?? true)
        .sort((a, b) => ((a.Names[0] ?? '') < (b.Names[0] ?? '') ? -1 : 1))
      await print(cli, containers, flags)
    })

function filterStatus(filter: string | undefined): string[] {
  if (filter === undefined) return []
  const [key, value] = filter.split('=', 2)
  if (value === undefined) throw new TscomposeError('CLI_FLAG', 'arguments to --filter should be in form KEY=VAL')
  if (key !== 'status') throw new TscomposeError('CLI_FLAG', `unknown filter ${key}`)
  return [value]
}

async function print({ stdout }: Cli, containers: readonly ContainerSummary[], flags: PsFlags): Promise<void> {
  if (flags.quiet) return void stdout.write(containers.map(({ Id }) => `${Id}\n`).join(''))
  if (flags.services) {
    const names = new Set(containers.map(({ Labels }) => Labels[label.service] ?? ''))
    return void stdout.write([...names].map(name => `${name}\n`).join(''))
  }
  const now = Date.now()
  const rows = containers.map(container => containerFields(container, { now, trunc: flags.trunc }))
  const format = flags.format ?? 'table'
  if (format === 'json') stdout.write(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  else if (format === 'table') stdout.write(renderTable([header, ...rows.map(tableRow)]))
  else {
    const { renderFormat } = await import('../output/format.ts')
    const labelled = rows.map((row, i) => ({ ...row, LabelMap: containers[i]?.Labels ?? {} }))
    stdout.write(renderFormat(format, labelled, { RunningFor: 'CREATED', Status: 'STATUS', ID: 'CONTAINER ID' }))
  }
}

const header = ['NAME', 'IMAGE', 'COMMAND', 'SERVICE', 'CREATED', 'STATUS', 'PORTS']
const tableRow = (row: ContainerFields): string[] => [
  row.Name,
  row.Image,
  row.Command,
  row.Service,
  row.RunningFor,
  row.Status,
  row.Ports,
]
