import type { Engine } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { failureOf, judge } from '../apply/wait.ts'
import { timedLines } from '../logs/show.ts'
import type { ContainerRef, Plan } from '../plan/plan.ts'
import type { Project, Service } from '../project.ts'
import { attributeOf, type CauseCode, factsOf } from './cause.ts'
import { type Fact, ServiceFailure } from './service-failure.ts'
import { whoWaitsFor } from './waiting.ts'

export interface DiagnoseContext {
  readonly engine: Engine
  readonly project: Project
  readonly plan: Plan
  readonly idOf: (container: ContainerRef) => string
}

/** How many of a container's last lines are shown. */
const lastLines = 10

/**
 * Looks into what failed while a plan was carried out: one failure for each service with what decided it and who waited
 * for it. The first failure keeps the rest from being begun or awaited, so services that have failed as well without
 * anybody noticing are found here.
 * @returns the error to be thrown in place of `error`
 */
export async function diagnose(context: DiagnoseContext, error: unknown): Promise<unknown> {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
  const failures = new Map<string, ServiceFailure>()
  for (const each of errors)
    if (each instanceof ServiceFailure && !failures.has(each.service)) failures.set(each.service, each)
  if (failures.size === 0) return error
  for (const failure of await unnoticed(context)) {
    if (!failures.has(failure.service)) failures.set(failure.service, failure)
  }
  const selected = servicesOf(context)
  const explained = await Promise.all([...failures.values()].map(failure => explain(context, failure, selected)))
  const all = [...explained, ...errors.filter(each => !(each instanceof ServiceFailure))]
  return all.length === 1 ? all[0] : new AggregateError(all)
}

/** Services whose containers cannot meet any more what they are waited for. */
async function unnoticed({ engine, plan, idOf }: DiagnoseContext): Promise<ServiceFailure[]> {
  const waits = plan.steps.flatMap(({ step }) => (step.op === 'waitFor' && !step.optional ? [step] : []))
  const judged = await Promise.all(
    waits.flatMap(step =>
      step.containers.map(async container => {
        const inspected = await engine.containerInspect(idOf(container)).catch(() => undefined)
        const verdict = inspected && judge(step, container.name, inspected, Date.now())
        return verdict?.is === 'failed' ? [failureOf(step, { id: idOf(container), name: container.name }, verdict)] : []
      }),
    ),
  )
  return judged.flat()
}

/** The services that the plan was to start. */
function servicesOf({ plan, project }: DiagnoseContext): Service[] {
  const names = plan.steps.flatMap(({ step }) => (step.op === 'startContainer' ? [step.container.service] : []))
  return [...new Set(names)].flatMap(name => project.services[name] ?? [])
}

async function explain(
  { engine, project }: DiagnoseContext,
  failure: ServiceFailure,
  selected: readonly Service[],
): Promise<ServiceFailure> {
  const { code, message, service, container, fix, cause } = failure
  const waiting = whoWaitsFor(service, selected)
  const isCause = Object.hasOwn(attributeOf, code)
  const facts = isCause && container ? await look(engine, container, code as CauseCode) : []
  const where =
    failure.where ?? (isCause ? project.origins.get(`services.${service}${attributeOf[code as CauseCode]}`) : undefined)
  const more = { service, container, ...(where && { where }), ...(fix !== undefined && { fix }), cause }
  return new ServiceFailure(code, message, { ...more, diagnosis: { facts, waiting } })
}

/** What the engine can tell about a container that failed. It may be gone by now: then the message has to do. */
async function look(engine: Engine, { id, name }: { id: string; name: string }, code: CauseCode): Promise<Fact[]> {
  try {
    const inspected = await engine.containerInspect(id)
    const output: string[] = []
    if (code !== 'COMPOSE_SERVICE_NO_HEALTHCHECK')
      for await (const { text } of timedLines(engine, { id, name }, { tail: String(lastLines) })) output.push(text)
    return [...factsOf(code, inspected), ...(output.length > 0 ? [{ name: 'output', lines: output } as const] : [])]
  } catch (error) {
    if (error instanceof TscomposeError) return []
    throw error
  }
}
