import { label } from '../../compose/labels.ts'
import { listContainers, nameOf } from '../../compose/observe.ts'
import type { ContainerSummary } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { type PortRow, portRows, renderVariables } from '../output/port-rows.ts'
import { renderTable } from '../output/table.ts'
import { findNamed } from '../target.ts'

interface PortsFlags {
  readonly env?: boolean
  readonly format: string
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--env', 'Variables for other programs: WEB_HOST, WEB_PORT, WEB_PORT_80')
    .option('--format <format>', 'table or json', 'table')
    .action(async (services: string[], { env, format }: PortsFlags) => {
      if (format !== 'table' && format !== 'json')
        throw new TscomposeError('CLI_FLAG', `unsupported format "${format}"`)
      const { engine, name } = await findNamed(cli)
      const containers = (await listContainers(engine, name)).filter(({ Labels }) => Labels[label.oneOff] !== 'True')
      const rows = portRows(containers.map(ported))
      for (const service of services)
        if (!containers.some(({ Labels }) => Labels[label.service] === service))
          throw new TscomposeError('COMPOSE_NO_CONTAINER', `no container found for service "${service}"`)
      const wanted = services.length > 0 ? rows.filter(({ Service }) => services.includes(Service)) : rows
      if (env) cli.stdout.write(renderVariables(wanted))
      else if (format === 'json') cli.stdout.write(`${JSON.stringify(wanted)}\n`)
      else cli.stdout.write(renderTable([['SERVICE', 'NAME', 'PORT', 'ADDRESS'], ...wanted.map(cells)]))
    })

const ported = (container: ContainerSummary) => ({
  service: container.Labels[label.service] ?? '',
  number: Number(container.Labels[label.number] ?? 1),
  name: nameOf(container),
  ports: container.Ports,
})

const cells = ({ Service, Name, TargetPort, Protocol, Host, PublishedPort }: PortRow): string[] => [
  Service,
  Name,
  `${TargetPort}/${Protocol}`,
  `${Host.includes(':') ? `[${Host}]` : Host}:${PublishedPort}`,
]
