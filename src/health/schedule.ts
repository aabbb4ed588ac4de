import type { ProbeSpec } from './health.ts'

/**
 * When to probe, as a pure function of what has happened so far (all times in milliseconds since the container's
 * start). Docker's timetable decides which failures count; in between, a container that is still starting is probed
 * early, so that its dependents are released when it is ready and not when an interval ends.
 */
export interface Timetable {
  /** When Docker's next probe would begin: from then on a failure counts. */
  readonly due: number
}

/** Docker probes at `start_interval` during the start period, then at `interval` (moby daemon/health.go). */
const dockerInterval = (spec: ProbeSpec, starting: boolean, now: number): number =>
  starting && now < spec.startPeriodMs ? spec.startIntervalMs : spec.intervalMs

/** The timetable after the container's start (`now` 0) or after a probe that ended at `now`. */
export const timetable = (spec: ProbeSpec, starting: boolean, now: number): Timetable => ({
  due: now + dockerInterval(spec, starting, now),
})

const FIRST_DELAY_MS = 20
const LONGEST_DELAY_MS = 1000

/**
 * How long to wait before the next probe. While starting: a tenth of the time waited so far, so that a service is found
 * ready at most a tenth late; at least twice the length of the last probe, so that probing takes no more than a third
 * of a core from the program that is trying to start; and never past Docker's own next probe.
 */
export function delayMs(table: Timetable, starting: boolean, now: number, lastProbeMs: number): number {
  const untilDue = Math.max(0, table.due - now)
  if (!starting) return untilDue
  return Math.min(untilDue, LONGEST_DELAY_MS, Math.max(FIRST_DELAY_MS, now / 10, lastProbeMs * 2))
}

const DOUBTS_MS = 30_000

/** Until when a success is doubted of a container that does not serve yet: Docker's own probe may come too early, too. */
export const doubtsUntil = ({ due }: Timetable): number => Math.max(due, DOUBTS_MS)

/** Whether a failed probe that began at `began` is one that Docker would have counted against `retries`. */
export const counts = (spec: ProbeSpec, table: Timetable, starting: boolean, began: number): boolean =>
  began >= table.due && !(starting && began < spec.startPeriodMs)
