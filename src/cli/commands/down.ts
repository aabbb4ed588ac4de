import { planDown } from '../../compose/plan/down.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { isTrue } from '../globals.ts'
import { carryOutOn } from '../lifecycle.ts'
import { integer } from '../numbers.ts'
import { endProvided } from '../provided.ts'
import { observeTarget } from '../target.ts'

interface DownFlags {
  readonly removeOrphans?: boolean
  readonly rmi?: string
  readonly timeout?: number
  readonly volumes?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--remove-orphans', 'Also remove containers of services that are not in the file, and one-off ones')
    .option('--rmi <which>', 'Also remove images: local (without a name of their own) or all')
    .option('-t, --timeout <seconds>', 'Grace period instead of the services’ own', integer('-t, --timeout'))
    .option('-v, --volumes', 'Also remove declared volumes, and anonymous ones')
    .action(async (services: string[], flags: DownFlags) => {
      const { rmi: images, timeout, volumes = false } = flags
      if (images !== undefined && images !== 'local' && images !== 'all')
        throw new TscomposeError('CLI_FLAG', `invalid value for --rmi: "${images}"`)
      const target = await observeTarget(cli, services, { everything: true })
      const plan = planDown(
        target.name,
        target.services,
        target.observed,
        {
          services,
          volumes,
          removeOrphans: flags.removeOrphans ?? isTrue(cli.env.COMPOSE_REMOVE_ORPHANS),
          ...(images && { images }),
          ...(timeout !== undefined && { timeout }),
        },
        target.project,
      )
      await carryOutOn(cli, target, plan)
      await endProvided(cli, target, services, 'down')
    })
