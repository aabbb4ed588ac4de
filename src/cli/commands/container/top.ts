import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { renderTable } from '../../output/table.ts'

/** Docker's columns of processes are wider than those of its lists. */
const WIDTH = 20

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .argument('[PS_OPTIONS...]')
    .passThroughOptions()
    .action(async (container: string, options: string[]) => {
      const { Titles, Processes } = await (await connect()).containerTop(container, options.join(' ') || undefined)
      cli.stdout.write(renderTable([Titles, ...Processes], WIDTH))
    })
