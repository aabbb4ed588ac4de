import { lifecycleFromLabels, observe } from '../../compose/observe.ts'
import { planDown } from '../../compose/plan/down.ts'
import { TscomposeError } from '../../errors.ts'
import { type Define, Exit } from '../command.ts'
import { carryOutOn } from '../lifecycle.ts'
import { observeTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE...>')
    .option('--down-project', 'Take the project down afterwards')
    .action(async (services: string[], { downProject }: { downProject?: boolean }) => {
      const target = await observeTarget(cli, services)
      const { engine, name, observed } = target
      // Also those that have ended: what was fast is no failure, and its code is known.
      const containers = observed.containers.filter(
        ({ oneOff, service, state }) =>
          services.includes(service) && (oneOff ? state === 'running' : state !== 'created'),
      )
      if (containers.length === 0)
        throw new TscomposeError('COMPOSE_NO_CONTAINER', `no containers for project "${name}"`)
      let last = 0
      await Promise.all(
        containers.map(async ({ id }) => {
          const { exited } = await engine.containerWait(id, 'not-running', cli.signal)
          const { StatusCode } = await exited
          last = StatusCode
          cli.stdout.write(`container "${id}" exited with status code ${StatusCode}\n`)
        }),
      )
      if (downProject) {
        // Everything of that name, whatever the file or its profiles say.
        const now = await observe(engine, name)
        const known = lifecycleFromLabels(now.containers)
        const plan = planDown(name, known, now, { services: [], removeOrphans: true, volumes: false })
        await carryOutOn(cli, { engine, name, services: known, observed: now }, plan)
      }
      if (last !== 0) throw new Exit(last)
    })
