import { planEach } from '../../compose/plan/lifecycle.ts'
import { isAlive } from '../../compose/plan/observed.ts'
import type { Define } from '../command.ts'
import { carryOutOn } from '../lifecycle.ts'
import { observeTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command.argument('[SERVICE...]').action(async (services: string[]) => {
    const target = await observeTarget(cli, services)
    const plan = planEach(target.services, target.observed, services, isAlive, container => ({
      op: 'pauseContainer',
      container,
    }))
    await carryOutOn(cli, target, plan)
  })
