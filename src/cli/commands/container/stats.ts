import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { type StatsFlags, showStats } from '../../stats.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[CONTAINER...]')
    .option('-a, --all', 'Also containers that do not run')
    .option('--format <format>', 'table, table TEMPLATE, json, or a Go template')
    .option('--no-stream', 'Show one reading and end')
    .option('--no-trunc', 'Show ids in full')
    .action(async (containers: string[], flags: StatsFlags) => {
      const engine = await connect()
      // By their ids: a name in a filter is any part of a name.
      const id = await Promise.all(containers.map(async name => (await engine.containerInspect(name)).Id))
      // Who names a container sees it, whether it runs or not.
      if (id.length > 0) await showStats(cli, engine, { id }, { ...flags, all: true })
      else await showStats(cli, engine, {}, flags)
    })
