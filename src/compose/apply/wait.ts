import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerInspect, ContainerState, Engine } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import type { WaitFor } from '../plan/plan.ts'
import { whenAborted } from './apply.ts'
import type { ContainerEvents } from './events.ts'

/**
 * How long a container without a probe has to run before `--wait` takes it for running: a program that fails at once
 * needs that long to do so.
 */
const settleMs = 300

export type Verdict =
  | { readonly is: 'met' }
  | { readonly is: 'waiting'; readonly forMs?: number }
  | { readonly is: 'failed'; readonly why: string }

/** Whether a container meets a condition now. Pure. @param now milliseconds since the epoch */
export function judge(
  { condition, service, mayComplete }: Pick<WaitFor, 'condition' | 'service' | 'mayComplete'>,
  name: string,
  state: ContainerState,
  now: number,
): Verdict {
  const ended = state.Status === 'exited' || state.Status === 'dead'
  if (condition === 'service_completed_successfully') {
    if (!ended) return { is: 'waiting' }
    if (state.ExitCode === 0) return { is: 'met' }
    return { is: 'failed', why: `service "${service}" didn't complete successfully: exit ${state.ExitCode}` }
  }
  if (ended) {
    if (mayComplete && state.ExitCode === 0) return { is: 'met' }
    return { is: 'failed', why: `container ${name} exited (${state.ExitCode})` }
  }
  switch (state.Health?.Status ?? 'none') {
    case 'healthy':
      return { is: 'met' }
    case 'unhealthy':
      return { is: 'failed', why: `container ${name} is unhealthy` }
    case 'starting':
      return { is: 'waiting' }
  }
  if (condition === 'service_healthy') return { is: 'failed', why: `container ${name} has no healthcheck configured` }
  if (state.Status !== 'running') return { is: 'waiting' }
  const left = Date.parse(state.StartedAt) + settleMs - now
  return left > 0 ? { is: 'waiting', forMs: left } : { is: 'met' }
}

/**
 * Waits until all containers of a step meet its condition; woken by the engine's events alone.
 * @param ids of the containers, in the order of the step's
 * @throws TscomposeError COMPOSE_DEPENDENCY_FAILED as soon as one of them cannot meet it any more
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
        const verdict = judge(step, name, inspected.State, Date.now())
        if (verdict.is === 'met') return
        if (verdict.is === 'failed') throw dependencyFailed(step, verdict.why, inspected)
        using aborted = whenAborted(signal)
        const timer = verdict.forMs === undefined ? [] : [delay(verdict.forMs, undefined, { ref: true })]
        await Promise.race([next.changed, aborted.promise, ...timer])
      }
    }),
  )
}

function dependencyFailed(step: WaitFor, why: string, { State }: ContainerInspect): TscomposeError {
  const prefix = step.condition === 'service_healthy' ? 'dependency failed to start: ' : ''
  const probe = State.Health?.Log.at(-1)
  const said = probe?.Output.trim().split('\n').at(-1)
  const fix =
    State.Health?.Status === 'unhealthy' && probe
      ? `Its last probe ended with ${probe.ExitCode}${said ? `: ${said}` : ''}`
      : `What it said: tscompose logs ${step.service}`
  return new TscomposeError('COMPOSE_DEPENDENCY_FAILED', `${prefix}${why}`, { fix })
}
