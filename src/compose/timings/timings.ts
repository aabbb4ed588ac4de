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

/** Does something for a service, and takes the time of it. */
export type Timed = <T>(service: string, act: () => Promise<T>) => Promise<T>

/** Takes the time of the steps of one plan after the other. */
export class Stopwatch {
  readonly #plans: TimedStep[][] = []
  readonly #builds: { readonly service: string; readonly ms: number; readonly end: number }[] = []
  readonly #begin: number
  readonly #now: () => number

  // Node loads its `performance` when it is first used, which takes half a millisecond.
  constructor(now: () => number = () => process.uptime() * 1000) {
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

  /** Takes the time of the build of a service. */
  readonly built: Timed = async (service, act) => {
    const begin = this.#now()
    const result = await act()
    const end = this.#now()
    this.#builds.push({ service, ms: end - begin, end })
    return result
  }

  read(): Timings {
    const services = byService(this.#plans.flat())
    for (const { service, ms } of this.#builds) services[service] = { built: ms, ...services[service] }
    return {
      totalMs: this.#now() - this.#begin,
      services,
      chain: [...this.#lastBuild(), ...this.#plans.flatMap(criticalChain)],
    }
  }

  /** Containers are made when all images are: what they waited for is the build that ended last. */
  #lastBuild(): ChainLink[] {
    const [last] = this.#builds.toSorted((a, b) => b.end - a.end)
    return last ? [{ service: last.service, stage: 'built', ms: last.ms }] : []
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
function criticalChain(steps: readonly TimedStep[]): ChainLink[] {
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
