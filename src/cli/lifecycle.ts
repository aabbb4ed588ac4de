import { carryOut } from '../compose/operation.ts'
import type { Plan } from '../compose/plan/plan.ts'
import type { Cli } from './cli.ts'
import { openSurroundings } from './surroundings.ts'
import type { ObservedTarget } from './target.ts'

/** Carries out a plan on what is there: hooks run where there is a file, and one failure does not stop the rest. */
export async function carryOutOn(
  cli: Cli,
  { engine, name, project, observed }: ObservedTarget,
  plan: Plan,
  { keepGoing = true }: { keepGoing?: boolean } = {},
): Promise<void> {
  await using surroundings = await openSurroundings(cli, engine, { project: name })
  await carryOut(surroundings, { name, project, observed, keepGoing, preStop: true }, plan)
}
