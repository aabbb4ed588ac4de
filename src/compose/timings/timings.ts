import type { Planned, Step } from '../plan/plan.ts'

/** A step that was carried out. Times are milliseconds of one clock. */
export interface TimedStep {
  readonly planned: Planned
  readonly begin: number
  readonly end: number
}

/** The stages of a service's way up, in their order. */
export const stages = ['pulled', 'built', 'created', 'started', 'healthy', 'completed'] as const
export type Stage = (typeof stages)[number]

/** One link of the critical chain: nothing would have been done earlier had any other step been faster. */
export interface ChainLink {
  readonly service: string
  readonly stage: Stage
  readonly ms: number
}

export interface Timings {
  readonly totalMs: number
  /** How long each service was in each stage; of several containers the slowest counts. */
  readonly services: Readonly<Record<string, Readonly<Partial<Record<Stage, number>>>>>
  readonly chain: readonly ChainLink[]
}

/** Takes the time of the steps of one plan after the other. */
export class Stopwatch {
  readonly #plans: TimedStep[][] = []
  readonly #builds: ChainLink[] = []
  readonly #begin: number
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
    this.#begin = now()
  }

  /** Begins a plan. @returns what takes the time of each of its steps */
  plan(): <T>(planned: Planned, act: () => Promise<T>) => Promise<T> {
    const steps: TimedStep[] = []
    this.#plans.push(steps)
    return async (planned, act) => {
      const begin = this.#now()
      const result = await act()
      steps.push({ planned, begin, end: this.#now() })
      return result
    }
  }

  /** Takes the time of the builds of services, which are one thing to wait for. */
  async built<T>(services: readonly string[], act: () => Promise<T>): Promise<T> {
    const begin = this.#now()
    const result = await act()
    const ms = this.#now() - begin
    this.#builds.push(...services.map(service => ({ service, stage: 'built' as const, ms })))
    return result
  }

  read(): Timings {
    const services = byService(this.#plans.flat())
    for (const { service, ms } of this.#builds) services[service] = { built: ms, ...services[service] }
    return {
      totalMs: this.#now() - this.#begin,
      services,
      chain: [...this.#builds.slice(0, 1), ...this.#plans.flatMap(criticalChain)],
    }
  }
}

function byService(steps: readonly TimedStep[]): Record<string, Partial<Record<Stage, number>>> {
  const services: Record<string, Partial<Record<Stage, number>>> = {}
  for (const { planned, begin, end } of steps) {
    const stage = stageOf(planned.step)
    if (stage === undefined) continue
    for (const name of servicesOf(planned.step)) {
      services[name] ??= {}
      services[name][stage] = Math.max(services[name][stage] ?? 0, end - begin)
    }
  }
  return services
}

/** From the step that ended last back along the predecessor that each was waiting for longest. */
export function criticalChain(steps: readonly TimedStep[]): ChainLink[] {
  const byId = new Map(steps.map(step => [step.planned.id, step]))
  const last = (candidates: readonly TimedStep[]) =>
    candidates.reduce<TimedStep | undefined>((a, b) => (a && a.end >= b.end ? a : b), undefined)
  const chain: ChainLink[] = []
  for (let at = last(steps); at; at = last(at.planned.after.flatMap(id => byId.get(id) ?? []))) {
    const stage = stageOf(at.planned.step)
    const [service] = servicesOf(at.planned.step)
    if (stage !== undefined && service !== undefined) chain.unshift({ service, stage, ms: at.end - at.begin })
  }
  return chain
}

function stageOf(step: Step): Stage | undefined {
  switch (step.op) {
    case 'pullImage':
      return 'pulled'
    case 'createContainer':
      return 'created'
    case 'startContainer':
      return 'started'
    case 'waitFor':
      return step.condition === 'service_completed_successfully' ? 'completed' : 'healthy'
    default:
      return undefined
  }
}

function servicesOf(step: Step): readonly string[] {
  if (step.op === 'pullImage') return step.services
  if ('container' in step) return [step.container.service]
  return 'service' in step ? [step.service] : []
}
