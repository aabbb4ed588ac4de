import { planStop } from '../../compose/plan/lifecycle.ts'
import type { Define } from '../command.ts'
import { carryOutOn } from '../lifecycle.ts'
import { integer } from '../numbers.ts'
import { endProvided } from '../provided.ts'
import { observeTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('-t, --timeout <seconds>', 'Grace period instead of the services’ own', integer('-t, --timeout'))
    .action(async (services: string[], { timeout }: { timeout?: number }) => {
      const target = await observeTarget(cli, services)
      const options = { services, ...(timeout !== undefined && { timeout }) }
      await carryOutOn(cli, target, planStop(target.services, target.observed, options))
      await endProvided(cli, target, services, 'stop')
    })
