import type { PlanBuilder } from './builder.ts'
import type { Convergence } from './converge.ts'
import { isAlive, type ObservedContainer } from './observed.ts'
import { refOf } from './plan.ts'
import type { UpOptions } from './up.ts'

/**
 * Stops what depends with `restart: true` on something that is replaced, before it is; what is stopped so counts as
 * restarted for its own dependents.
 */
export function stopDependents(
  plan: PlanBuilder,
  convergences: readonly Convergence[],
  ready: number | undefined,
  { timeout }: UpOptions,
): Map<ObservedContainer, number> {
  const disturbed = new Set(convergences.filter(({ replace }) => replace.length > 0).map(({ service }) => service.name))
  const affected: { readonly container: ObservedContainer; readonly cause: string; readonly quiet: boolean }[] = []
  for (const { service, keep, replace } of convergences) {
    const cause = Object.entries(service.dependsOn).find(([name, { restart }]) => restart && disturbed.has(name))?.[0]
    if (cause === undefined) continue
    const kept = keep.map(container => ({ container, cause, quiet: false }))
    const replaced = replace.map(({ container }) => ({ container, cause, quiet: true }))
    const running = [...kept, ...replaced].filter(({ container }) => isAlive(container))
    if (running.length > 0) disturbed.add(service.name)
    affected.push(...running)
  }
  const stops = new Map<ObservedContainer, number>()
  const dependsOn = new Map(convergences.map(({ service }) => [service.name, service.dependsOn]))
  for (const { container, cause, quiet } of affected.reverse()) {
    const dependents = [...stops].flatMap(([{ service }, step]) =>
      dependsOn.get(service)?.[container.service] ? [step] : [],
    )
    const step = {
      op: 'stopContainer',
      container: refOf(container),
      quiet,
      ...(timeout !== undefined && { timeout }),
    } as const
    stops.set(container, plan.add(step, `"${cause}", on which it depends, is replaced`, [ready, ...dependents]))
  }
  return stops
}
