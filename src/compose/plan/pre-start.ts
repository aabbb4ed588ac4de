import type { Hook } from '../project.ts'
import type { PlanBuilder } from './builder.ts'
import type { ContainerRef } from './plan.ts'

/** A start of a container, before it is known what it has to wait for besides. */
export interface StartToAdd {
  readonly container: ContainerRef
  readonly why: string
  readonly after: readonly (number | undefined)[]
}

/**
 * Starts the containers of a service; before any of them, its pre_start hooks, one after the other.
 * @param goesOn whether another container of the service is running: then there is nothing to be prepared any more
 * @returns the ids of the starts
 */
export function addStarts(
  plan: PlanBuilder,
  { name, preStart = [] }: { readonly name: string; readonly preStart?: readonly Hook[] },
  starts: readonly StartToAdd[],
  goesOn: boolean,
): number[] {
  const [first] = starts
  let hooks: number | undefined
  if (first && !goesOn)
    for (const index of preStart.keys())
      hooks = plan.add(
        { op: 'runPreStart', service: name, index, container: first.container },
        'it comes before the start of the service',
        hooks === undefined ? starts.flatMap(({ after }) => after) : [hooks],
      )
  return starts.map(({ container, why, after }) =>
    plan.add({ op: 'startContainer', container }, why, hooks === undefined ? after : [hooks]),
  )
}
