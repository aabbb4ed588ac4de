import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerInspect, ContainerState, Engine } from '../../engine/api.ts'
import type { CauseCode, Inspected } from '../diagnosis/cause.ts'
import { type FailedContainer, ServiceFailure } from '../diagnosis/service-failure.ts'
import { label } from '../labels.ts'
import type { WaitFor } from '../plan/plan.ts'
import { whenAborted } from './apply.ts'
import type { ContainerEvents } from './events.ts'

/**
 * How long a container without a probe has to run before `--wait` takes it for running: a program that fails at once
 * needs that long to do so. As long as docker compose takes to look for the first time.
 */
const settleMs = 500

/** So many restarts in a row, each soon after the one before, are a loop that nobody need watch any longer. */
const crashLoopRestarts = 3
/** A run of this length is none of a loop (dockerd's rule for the delay between restarts). */
const longRunMs = 10_000

export interface Failed {
  readonly is: 'failed'
  readonly code: CauseCode
  readonly why: string
}
export type Verdict = { readonly is: 'met' } | { readonly is: 'waiting'; readonly forMs?: number } | Failed

/** Whether a container meets a condition now. Pure. @param now milliseconds since the epoch */
export function judge(
  { condition, service, mayComplete }: Pick<WaitFor, 'condition' | 'service' | 'mayComplete'>,
  name: string,
  inspected: Inspected,
  now: number,
): Verdict {
  const { State: state } = inspected
  if (isCrashLoop(inspected))
    return {
      is: 'failed',
      code: 'COMPOSE_SERVICE_CRASH_LOOP',
      why: `container ${name} keeps exiting (${state.ExitCode})`,
    }
  const ended = state.Status === 'exited' || state.Status === 'dead'
  const code = state.OOMKilled ? 'COMPOSE_SERVICE_OUT_OF_MEMORY' : 'COMPOSE_SERVICE_EXITED'
  if (condition === 'service_completed_successfully') {
    if (!ended) return { is: 'waiting' }
    if (state.ExitCode === 0) return { is: 'met' }
    return { is: 'failed', code, why: `service "${service}" didn't complete successfully: exit ${state.ExitCode}` }
  }
  if (ended) {
    if (mayComplete && state.ExitCode === 0) return { is: 'met' }
    return { is: 'failed', code, why: `container ${name} exited (${state.ExitCode})` }
  }
  // A container has no health before its first start.
  if (state.Status === 'created') return { is: 'waiting' }
  switch (state.Health?.Status ?? 'none') {
    case 'healthy':
      return { is: 'met' }
    case 'unhealthy':
      // What ended is unhealthy, too, until it is started again.
      if (state.Status === 'restarting') return { is: 'waiting' }
      return { is: 'failed', code: 'COMPOSE_SERVICE_UNHEALTHY', why: `container ${name} is unhealthy` }
    case 'starting':
      return { is: 'waiting' }
  }
  if (condition === 'service_healthy')
    return {
      is: 'failed',
      code: 'COMPOSE_SERVICE_NO_HEALTHCHECK',
      why: `container ${name} has no healthcheck configured`,
    }
  if (state.Status !== 'running') return { is: 'waiting' }
  const left = Date.parse(state.StartedAt) + settleMs - now
  return left > 0 ? { is: 'waiting', forMs: left } : { is: 'met' }
}

/** Whoever says how often it is to be tried wants it to be tried so often. */
const isCrashLoop = ({ State, RestartCount, HostConfig }: Inspected): boolean =>
  State.Status === 'restarting' &&
  RestartCount >= crashLoopRestarts &&
  !HostConfig.RestartPolicy?.MaximumRetryCount &&
  ranMs(State) < longRunMs

const ranMs = ({ StartedAt, FinishedAt }: ContainerState): number => Date.parse(FinishedAt) - Date.parse(StartedAt)

/**
 * Waits until all containers of a step meet its condition; woken by the engine's events alone.
 * @param ids of the containers, in the order of the step's
 * @throws ServiceFailure as soon as one of them cannot meet it any more
 */
export async function waitFor(
  engine: Engine,
  events: ContainerEvents,
  step: WaitFor,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    step.containers.map(async ({ name }, i) => {
      const id = ids[i] ?? name
      for (;;) {
        signal.throwIfAborted()
        using next = events.next([id])
        const inspected = await engine.containerInspect(id)
        const verdict = judge(step, name, inspected, Date.now())
        if (verdict.is === 'met') return
        const others = verdict.is === 'failed' ? await startingBeside(engine, verdict, inspected) : []
        if (verdict.is === 'failed' && others.length === 0) throw failureOf(step, { id, name }, verdict)
        using settled = events.next(others)
        using aborted = whenAborted(signal)
        const forMs = verdict.is === 'waiting' ? verdict.forMs : undefined
        const timer = forMs === undefined ? [] : [delay(forMs, undefined, { ref: true })]
        await Promise.race([next.changed, settled.changed, aborted.promise, ...timer])
      }
    }),
  )
}

/**
 * Other containers of the project that have still to become healthy. While there are any, a program may end again and
 * again because it lacks one of them, and will run once that is there.
 */
async function startingBeside(engine: Engine, { code }: Failed, { Id, Config }: ContainerInspect): Promise<string[]> {
  if (code !== 'COMPOSE_SERVICE_CRASH_LOOP') return []
  const filters = { label: [`${label.project}=${Config.Labels?.[label.project]}`], health: ['starting'] }
  return (await engine.containerList({ filters })).map(container => container.Id).filter(id => id !== Id)
}

/** The failure in docker compose's words. */
export function failureOf(step: WaitFor, container: FailedContainer, { code, why }: Failed): ServiceFailure {
  const prefix = step.condition === 'service_healthy' ? 'dependency failed to start: ' : ''
  return new ServiceFailure(code, `${prefix}${why}`, { service: step.service, container })
}
