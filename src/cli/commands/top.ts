import { observeContainers } from '../../compose/observe.ts'
import type { Define } from '../command.ts'
import { renderTable } from '../output/table.ts'
import { findForServices } from '../target.ts'

export const define: Define = (command, cli) =>
  command.argument('[SERVICE...]').action(async (services: string[]) => {
    const { engine, name } = await findForServices(cli, services)
    const containers = (await observeContainers(engine, name)).filter(
      ({ service, state }) => state === 'running' && (services.length === 0 || services.includes(service)),
    )
    const tops = await Promise.all(
      containers.map(async container => ({ container, top: await engine.containerTop(container.id) })),
    )
    const [first] = tops
    if (!first) return
    const rows = tops.flatMap(({ container: { service, number, oneOff }, top }) =>
      top.Processes.map(process => [service, oneOff ? 'run' : String(number), ...process]),
    )
    cli.stdout.write(renderTable([['SERVICE', '#', ...first.top.Titles], ...rows]))
  })
