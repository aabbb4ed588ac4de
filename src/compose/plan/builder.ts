import type { Plan, Planned, Step } from './plan.ts'

/** Collects the steps of a plan. A step can only name earlier ones as predecessors, so there are no cycles. */
export class PlanBuilder {
  readonly #steps: Planned[] = []
  readonly #warnings: string[] = []

  /** @param after undefined entries (nothing had to be done) and doubles are left out. @returns the id of the step */
  add(
    step: Step,
    why: string,
    after: readonly (number | undefined)[] = [],
    { tolerant = false }: { tolerant?: boolean } = {},
  ): number {
    const id = this.#steps.length + 1
    const predecessors = [...new Set(after)].filter(id => id !== undefined).sort((a, b) => a - b)
    this.#steps.push({ id, step, after: predecessors, tolerant, why })
    return id
  }

  /** One id that stands for all of `after`, so that what waits for many does not name each. */
  join(name: string, why: string, after: readonly number[]): number | undefined {
    return after.length > 1 ? this.add({ op: 'checkpoint', name }, why, after) : after[0]
  }

  warn(message: string): void {
    this.#warnings.push(message)
  }

  get isEmpty(): boolean {
    return this.#steps.length === 0
  }

  build(): Plan {
    return { steps: this.#steps, warnings: this.#warnings }
  }
}
