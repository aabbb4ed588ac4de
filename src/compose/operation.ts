import type { Engine } from '../engine/api.ts'
import { apply, type Perform } from './apply/apply.ts'
import { ContainerEvents } from './apply/events.ts'
import type { HookOutput } from './apply/hooks.ts'
import { Performer } from './apply/perform.ts'
import type { Report } from './apply/report.ts'
import { expectedReports } from './apply/reported.ts'
import type { Observed } from './plan/observed.ts'
import { type Plan, renderPlan } from './plan/plan.ts'
import type { Project } from './project.ts'
import type { Stopwatch } from './timings/timings.ts'

/** What every operation on a project needs: the engine, where to tell what happens, and when to stop. */
export interface Surroundings {
  readonly engine: Engine
  readonly report: Report
  /** Told before a plan is carried out what it does something to, and how often. */
  readonly begin?: (expected: ReadonlyMap<string, number>) => void
  readonly end?: (failed: boolean) => Promise<void>
  /** Awaited before anything runs, be it a container or what comes before it. */
  readonly beforeStart?: () => Promise<void>
  /** Awaited before each start of a container. */
  readonly prepare?: PrepareContainer
  readonly warn: (message: string) => void
  readonly hookOutput: HookOutput
  readonly signal: AbortSignal
  readonly parallel: number
  /** Takes the time of each step. */
  readonly stopwatch?: Stopwatch
  /** Takes a plan as text instead of having it carried out. */
  readonly dryRun?: (plan: string) => void
}

/** Does what is to be done to a container's files before its program runs. */
export type PrepareContainer = (container: { readonly id: string; readonly service: string }) => Promise<void>

export interface Operation {
  readonly name: string
  readonly project: Project | undefined
  readonly observed: Observed
  /** A failure does not keep back what can be done without the failed step. */
  readonly keepGoing?: boolean
  readonly preStop: boolean
}

/** Carries out a plan, or shows it. @throws what failed; an AggregateError if several things did */
export async function carryOut(surroundings: Surroundings, operation: Operation, plan: Plan): Promise<void> {
  for (const warning of plan.warnings) surroundings.warn(warning)
  if (surroundings.dryRun) return surroundings.dryRun(renderPlan({ ...plan, warnings: [] }))
  const { engine, signal, parallel } = surroundings
  const { name, project, observed, preStop, keepGoing = false } = operation
  await using events = plan.steps.some(({ step }) => step.op === 'waitFor')
    ? await ContainerEvents.subscribe(engine, name)
    : undefined
  const performer = new Performer({
    ...surroundings,
    observed,
    preStop,
    ...(project && { project }),
    ...(events && { events }),
  })
  surroundings.begin?.(expectedReports(plan))
  let failed = true
  try {
    const { beforeStart, stopwatch } = surroundings
    const timed = stopwatch?.plan() ?? ((_, act) => act())
    const perform: Perform = async (planned, until) => {
      if (['startContainer', 'runPreStart'].includes(planned.step.op)) await beforeStart?.()
      await timed(planned, () => performer.perform(planned, until))
    }
    await apply(plan, perform, { signal, parallel, keepGoing })
    failed = false
  } catch (error) {
    if (!project || (signal.aborted && error === signal.reason)) throw error
    const { diagnose } = await import('./diagnosis/diagnose.ts')
    throw await diagnose({ engine, project, plan, idOf: container => performer.idOf(container) }, error)
  } finally {
    await surroundings.end?.(failed)
  }
}
