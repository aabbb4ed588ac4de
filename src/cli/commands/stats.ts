import { label } from '../../compose/labels.ts'
import { serviceOf } from '../../compose/select.ts'
import type { Define } from '../command.ts'
import { type StatsFlags, showStats } from '../stats.ts'
import { findTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE]')
    .option('-a, --all', 'Also containers that do not run')
    .option('--format <format>', 'table, table TEMPLATE, json, or a Go template')
    .option('--no-stream', 'Show one reading and end')
    .option('--no-trunc', 'Show ids in full')
    .action(async (service: string | undefined, flags: StatsFlags) => {
      const { engine, name, project } = await findTarget(cli, service === undefined ? [] : [service])
      const labels = [`${label.project}=${name}`]
      if (service !== undefined) {
        if (project) serviceOf(project.services, service)
        labels.push(`${label.service}=${service}`)
      }
      await showStats(cli, engine, { label: labels }, flags)
    })
