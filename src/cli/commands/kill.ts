import { planKill } from '../../compose/plan/lifecycle.ts'
import { findOrphans } from '../../compose/plan/orphans.ts'
import type { Define } from '../command.ts'
import { isTrue } from '../globals.ts'
import { carryOutOn } from '../lifecycle.ts'
import { observeTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('-s, --signal <signal>', 'Signal to send', 'SIGKILL')
    .option('--remove-orphans', 'Also remove containers of services that are not in the file')
    .action(async (services: string[], { signal, removeOrphans }: { signal: string; removeOrphans?: boolean }) => {
      const target = await observeTarget(cli, services)
      const { project, observed } = target
      const wanted = removeOrphans ?? isTrue(cli.env.COMPOSE_REMOVE_ORPHANS)
      const orphans = wanted && project ? findOrphans(project, observed) : []
      const plan = planKill(target.services, observed, services, signal, orphans)
      if (plan.steps.length === 0) cli.stderr.write('No container to kill\n')
      await carryOutOn(cli, target, plan)
    })
