import { messageOf } from '../errors.ts'
import type { Health, HealthStatus, IsServing, ProbeResult, ProbeSpec, RunProbe } from './health.ts'
import { counts, delayMs, doubtsUntil, timetable } from './schedule.ts'

const LOG_LENGTH = 5
const OUTPUT_BYTES = 4096

export const startingHealth: Health = { status: 'starting', failingStreak: 0, log: [] }

/**
 * Probes a container from its start until `signal` aborts, and tells of every result. The first success makes it
 * healthy; `retries` failures in a row that Docker's timetable would have counted make it unhealthy.
 * @param onChange called after every probe, with the state before it
 * @param resume where an earlier engine left off: a container that was healthy is not `starting` again
 * @param isServing asked when a probe succeeds while the container is starting
 * @param clock milliseconds; not the machine's clock, which may be set meanwhile
 */
export async function watchHealth(
  spec: ProbeSpec,
  runProbe: RunProbe,
  onChange: (health: Health, previous: HealthStatus) => void,
  signal: AbortSignal,
  resume: { readonly health: Health; readonly startedAt: Date } = { health: startingHealth, startedAt: new Date() },
  isServing: IsServing = () => true,
  clock: () => number = () => performance.now(),
): Promise<void> {
  const began = clock() - Math.max(0, Date.now() - resume.startedAt.getTime())
  const now = () => clock() - began
  let health = resume.health
  let table = timetable(spec, health.status === 'starting', now())
  let lastProbeMs = 0
  while (!signal.aborted) {
    const delay = delayMs(table, health.status === 'starting', now(), lastProbeMs)
    await pause(delay, signal)
    if (signal.aborted) return
    const probedAt = now()
    const result = await probeOnce(spec, runProbe, signal)
    if (signal.aborted) return
    lastProbeMs = now() - probedAt
    const previous = health.status
    const wasStarting = previous === 'starting'
    const isEarly = wasStarting && probedAt < table.due
    const isPremature = wasStarting && result.exitCode === 0 && probedAt < doubtsUntil(table) && !isServing()
    health = isPremature
      ? { ...health, log: logged(health, result) }
      : afterProbe(spec, health, result, counts(spec, table, wasStarting, probedAt))
    const isStarting = health.status === 'starting'
    // An early probe that decides nothing leaves Docker's timetable as it is.
    if (!(isEarly && isStarting)) table = timetable(spec, isStarting, now())
    onChange(health, previous)
  }
}

/** The state after a probe. @param counted whether a failure is one that Docker would have counted */
function afterProbe(spec: ProbeSpec, health: Health, result: ProbeResult, counted: boolean): Health {
  const log = logged(health, result)
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log }
  if (!counted) return { ...health, log }
  const failingStreak = health.failingStreak + 1
  return { status: failingStreak >= spec.retries ? 'unhealthy' : health.status, failingStreak, log }
}

const logged = ({ log }: Health, result: ProbeResult) => [...log, result].slice(-LOG_LENGTH)

/** Waits `ms`, or until `signal` aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}

async function probeOnce(spec: ProbeSpec, runProbe: RunProbe, signal: AbortSignal): Promise<ProbeResult> {
  const start = new Date()
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), spec.timeoutMs)
  try {
    const { exitCode, output } = await runProbe(spec.args, AbortSignal.any([signal, timeout.signal]))
    if (!timeout.signal.aborted) return { start, end: new Date(), exitCode, output: output.slice(0, OUTPUT_BYTES) }
  } catch (error) {
    if (!timeout.signal.aborted) return { start, end: new Date(), exitCode: -1, output: messageOf(error) }
  } finally {
    clearTimeout(timer)
  }
  const output = `Health check exceeded timeout (${spec.timeoutMs}ms)`
  return { start, end: new Date(), exitCode: -1, output }
}
