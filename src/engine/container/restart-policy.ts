import type { RestartPolicy } from '../api.ts'
import { invalid } from '../failures.ts'

/** A run of this length is a success: the next delay is the first one again (dockerd's rule). */
const LONG_RUN_MS = 10_000
const FIRST_DELAY_MS = 100
const LONGEST_DELAY_MS = 60_000

/**
 * How long to wait before a restart.
 * @param previous the delay of the restart before; 0 if there was none
 * @param ranMs how long the program ran this time
 * @returns milliseconds: 100, doubling, at most one minute
 */
export function restartDelayMs(previous: number, ranMs: number): number {
  if (previous === 0 || ranMs >= LONG_RUN_MS) return FIRST_DELAY_MS
  return Math.min(previous * 2, LONGEST_DELAY_MS)
}

/**
 * Whether a container whose program has ended is started again.
 * @param manuallyStopped whether somebody asked for the end (`stop`, `kill`)
 * @param restarts how often the policy has restarted it since somebody started it
 */
export function restarts(
  { Name, MaximumRetryCount = 0 }: RestartPolicy,
  { exitCode, manuallyStopped, count }: { exitCode: number; manuallyStopped: boolean; count: number },
): boolean {
  if (manuallyStopped) return false
  if (Name === 'on-failure') return exitCode !== 0 && (MaximumRetryCount === 0 || count < MaximumRetryCount)
  return Name === 'always' || Name === 'unless-stopped'
}

/** Whether a container is started when the machine was restarted: `always` even if somebody had stopped it. */
export function restartsWithMachine(
  policy: RestartPolicy,
  ended: { exitCode: number; manuallyStopped: boolean; count: number },
): boolean {
  return policy.Name === 'always' || restarts(policy, ended)
}

/** @throws TscomposeError ENGINE_REQUEST_INVALID in Docker's words */
export function validateRestartPolicy({ Name, MaximumRetryCount = 0 }: RestartPolicy): void {
  if (!['', 'no', 'always', 'unless-stopped', 'on-failure'].includes(Name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    )
  }
  if (Name !== 'on-failure' && MaximumRetryCount !== 0) {
    throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'`)
  }
  if (MaximumRetryCount < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative')
}
