import { planRestart } from '../../compose/plan/lifecycle.ts'
import type { Define } from '../command.ts'
import { carryOutOn } from '../lifecycle.ts'
import { integer } from '../numbers.ts'
import { observeTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('-t, --timeout <seconds>', 'Grace period instead of the services’ own', integer('-t, --timeout'))
    .option('--no-deps', 'Leave dependents alone')
    .action(async (services: string[], { timeout, deps }: { timeout?: number; deps: boolean }) => {
      const target = await observeTarget(cli, services)
      const options = { services, noDeps: !deps, ...(timeout !== undefined && { timeout }) }
      await carryOutOn(cli, target, planRestart(target.services, target.observed, options), { keepGoing: false })
    })
