import type { Dependency } from '../project.ts'
import { inDependencyOrder, type Ordered } from '../select.ts'

/** The services of a project and who waits for whom, for drawing. */
export interface Graph {
  /** Dependencies before their dependents. */
  readonly nodes: readonly string[]
  readonly edges: readonly Edge[]
}

/** `from` starts after `to`, once `condition` is met. */
export interface Edge extends Pick<Dependency, 'condition' | 'required'> {
  readonly from: string
  readonly to: string
}

export function graphOf(services: readonly Ordered[]): Graph {
  const ordered = inDependencyOrder(services)
  const names = new Set(ordered.map(({ name }) => name))
  const edges = ordered.flatMap(({ name, dependsOn }) =>
    Object.entries(dependsOn)
      .filter(([to]) => names.has(to))
      .map(([to, { condition, required }]) => ({ from: name, to, condition, required }))
      .sort((a, b) => (a.to < b.to ? -1 : 1)),
  )
  return { nodes: [...names], edges }
}

/** What an edge waits for, in one word; undefined: only for the start. */
export const conditionWord = ({ condition, required }: Edge): string | undefined => {
  const word = { service_started: undefined, service_healthy: 'healthy', service_completed_successfully: 'completed' }[
    condition
  ]
  return required ? word : `${word ?? 'started'}, optional`
}
