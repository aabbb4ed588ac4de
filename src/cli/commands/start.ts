import { carryOut } from '../../compose/operation.ts'
import { planStart } from '../../compose/plan/lifecycle.ts'
import { withinSeconds } from '../../compose/wait-timeout.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { integer } from '../numbers.ts'
import { openSurroundings } from '../surroundings.ts'
import { observeTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--wait', 'Wait until the services are running or healthy')
    .option('--wait-timeout <seconds>', 'Limit for --wait; 0: none', integer('--wait-timeout'), 0)
    .action(async (services: string[], { wait = false, waitTimeout }: { wait?: boolean; waitTimeout: number }) => {
      const target = await observeTarget(cli, services)
      const plan = planStart(target.services, target.observed, { services, wait })
      if (target.observed.containers.length === 0)
        throw new TscomposeError('COMPOSE_NO_CONTAINER', 'no container to start')
      await using surroundings = await openSurroundings(cli, target.engine, { project: target.name })
      const { name, project, observed } = target
      await withinSeconds(waitTimeout, cli.signal, signal =>
        carryOut({ ...surroundings, signal }, { name, project, observed, preStop: false }, plan),
      )
    })
