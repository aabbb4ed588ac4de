import type { Service } from '../project.ts'
import type { PlanBuilder } from './builder.ts'
import type { Condition, ContainerRef } from './plan.ts'

/** What has been planned for a service when its dependents are planned. */
export interface Started {
  readonly containers: readonly ContainerRef[]
  readonly steps: readonly number[]
  /** Its containers stay as they are, and their probes say that they are healthy. */
  readonly healthy: boolean
}

/** The steps that wait for a condition of a service: one for all that wait for the same. */
export class ConditionSteps {
  readonly #plan: PlanBuilder
  readonly #started: ReadonlyMap<string, Started>
  readonly #steps = new Map<string, number>()

  constructor(plan: PlanBuilder, started: ReadonlyMap<string, Started>) {
    this.#plan = plan
    this.#started = started
  }

  /** What a service has to wait for before it may start. */
  of({ dependsOn }: Pick<Service, 'dependsOn'>): number[] {
    return Object.entries(dependsOn).flatMap(([name, { condition, required }]) => {
      const dependency = this.#started.get(name)
      if (!dependency) return []
      if (condition === 'service_started') return dependency.steps
      if (dependency.containers.length === 0 || (condition === 'service_healthy' && dependency.healthy)) return []
      return [this.#step(name, condition, !required, false)]
    })
  }

  /** `--wait`: all run, and are healthy if they have a probe. What others wait for to complete may have done so. */
  waitForAll(services: readonly Pick<Service, 'name' | 'dependsOn'>[]): void {
    for (const { name } of services) {
      const mayComplete = services.some(
        ({ dependsOn }) => dependsOn[name]?.condition === 'service_completed_successfully',
      )
      const awaited = ['service_healthy', 'service_completed_successfully'].some(condition =>
        this.#steps.has(`${name} ${condition} false`),
      )
      if (!awaited && this.#started.get(name)?.containers.length)
        this.#step(name, 'running_or_healthy', false, mayComplete)
    }
  }

  #step(service: string, condition: Condition, optional: boolean, mayComplete: boolean): number {
    const key = `${service} ${condition} ${optional}`
    const existing = this.#steps.get(key)
    if (existing !== undefined) return existing
    const { containers = [], steps = [] } = this.#started.get(service) ?? {}
    const why =
      condition === 'running_or_healthy' ? 'the command is to wait for it' : `others depend on it with ${condition}`
    const id = this.#plan.add({ op: 'waitFor', service, containers, condition, optional, mayComplete }, why, steps)
    this.#steps.set(key, id)
    return id
  }
}
