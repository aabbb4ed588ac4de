import { planRemove } from '../../compose/plan/down.ts'
import { subject } from '../../compose/plan/plan.ts'
import type { Define } from '../command.ts'
import { confirm } from '../confirm.ts'
import { carryOutOn } from '../lifecycle.ts'
import { observeTarget } from '../target.ts'

interface RmFlags {
  readonly force?: boolean
  readonly stop?: boolean
  readonly volumes?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('-f, --force', 'Do not ask')
    .option('-s, --stop', 'Stop running containers first')
    .option('-v, --volumes', 'Also remove anonymous volumes')
    .option('-a, --all', 'Accepted for old scripts')
    .action(async (services: string[], { force = false, stop = false, volumes = false }: RmFlags) => {
      const target = await observeTarget(cli, services)
      const plan = planRemove(target.services, target.observed, { services, stop, volumes })
      const names = plan.steps.filter(({ step }) => step.op === 'removeContainer').map(({ step }) => subject(step))
      if (names.length === 0) return void cli.stderr.write('No stopped containers\n')
      cli.stdout.write(`Going to remove ${names.join(', ')}\n`)
      if (force || (await confirm(cli, 'Are you sure? [yN]'))) await carryOutOn(cli, target, plan)
    })
