import { addAbortListener } from 'node:events'
import type { Plan, Planned } from '../plan/plan.ts'

export interface ApplyOptions {
  /** Nothing more is begun once it aborts; what has begun is told, and awaited. */
  readonly signal: AbortSignal
  /** How many steps may be under way at once. */
  readonly parallel: number
  /** Teardown: a failure keeps back only the steps that need the failed one. Otherwise nothing more is begun. */
  readonly keepGoing: boolean
}

/** Carries out one step. It decides nothing: what to do, and when, stands in the plan. */
export type Perform = (planned: Planned, signal: AbortSignal) => Promise<void>

/**
 * Runs each step the moment the steps it waits for are done.
 * @throws the signal's reason; otherwise the failure, or an AggregateError of all of them
 */
export async function apply(plan: Plan, perform: Perform, options: ApplyOptions): Promise<void> {
  const failed = new AbortController()
  const until = AbortSignal.any([options.signal, failed.signal])
  const failures: unknown[] = []
  const outcomes = new Map<number, 'done' | 'failed'>()
  const waiting = new Map(plan.steps.map(({ id, after }) => [id, after.length]))
  const dependents = new Map<number, Planned[]>()
  for (const planned of plan.steps)
    for (const id of planned.after) dependents.set(id, [...(dependents.get(id) ?? []), planned])
  const ready = plan.steps.filter(({ after }) => after.length === 0)

  const run = async (planned: Planned): Promise<void> => {
    const { id, after, tolerant } = planned
    let outcome: 'done' | 'failed' = 'done'
    if (!tolerant && after.some(predecessor => outcomes.get(predecessor) === 'failed')) outcome = 'failed'
    else
      try {
        await perform(planned, until)
      } catch (error) {
        outcome = 'failed'
        // What ends because something else has failed, or the user has had enough, is no failure of its own.
        if (!(until.aborted && error === until.reason)) failures.push(error)
        if (!options.keepGoing) failed.abort(error)
      }
    outcomes.set(id, outcome)
    for (const dependent of dependents.get(id) ?? []) {
      const left = (waiting.get(dependent.id) ?? 0) - 1
      waiting.set(dependent.id, left)
      if (left === 0) ready.push(dependent)
    }
  }

  const running = new Set<Promise<void>>()
  while (ready.length > 0 || running.size > 0) {
    while (ready.length > 0 && running.size < options.parallel && !until.aborted) {
      const planned = ready.shift() as Planned
      const step: Promise<void> = run(planned).then(() => void running.delete(step))
      running.add(step)
    }
    if (running.size === 0) break
    await Promise.race(running)
  }
  if (failures.length > 1) throw new AggregateError(failures)
  if (failures.length === 1) throw failures[0]
  options.signal.throwIfAborted()
}

/** Rejects with the signal's reason as soon as it aborts; disposing it takes the listener away. */
export function whenAborted(signal: AbortSignal): { readonly promise: Promise<never>; [Symbol.dispose](): void } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  const listener = addAbortListener(signal, () => reject(signal.reason))
  return { promise, [Symbol.dispose]: () => listener[Symbol.dispose]() }
}
