/** A health probe as Docker stores it (image and container configuration, `Healthcheck`), in milliseconds. */
export interface ProbeSpec {
  /** The program to run in the container, `CMD-SHELL` already spelled out as `/bin/sh -c`. */
  readonly args: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly startPeriodMs: number
  readonly startIntervalMs: number
  readonly retries: number
}

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy'

export interface ProbeResult {
  readonly start: Date
  readonly end: Date
  /** The exit code of the probe; -1 if it ran into its timeout or could not be run. */
  readonly exitCode: number
  /** At most 4096 bytes, as in Docker. */
  readonly output: string
}

/** What is known of a container's health: Docker's `State.Health`. The log holds the last five results. */
export interface Health {
  readonly status: HealthStatus
  readonly failingStreak: number
  readonly log: readonly ProbeResult[]
}

/**
 * Whether a first success may be believed: a program may have a temporary server that answers the probe and nobody else.
 * Given by the engine, too.
 */
export type IsServing = () => boolean

/** Runs one probe in the container; given by the engine, so that this layer knows no containers. */
export type RunProbe = (args: readonly string[], signal: AbortSignal) => Promise<{ exitCode: number; output: string }>
