import type { ProbeSpec } from './health.ts'

/** A health check as images and containers hold it (Docker's `HealthConfig`); durations in nanoseconds, 0 is unset. */
export interface HealthcheckConfig {
  readonly Test?: readonly string[] | undefined
  readonly Interval?: number | undefined
  readonly Timeout?: number | undefined
  readonly StartPeriod?: number | undefined
  readonly StartInterval?: number | undefined
  readonly Retries?: number | undefined
}

const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c']
const milliseconds = (nanoseconds: number | undefined, otherwise: number): number =>
  nanoseconds ? nanoseconds / 1e6 : otherwise

/**
 * The probe of a container, with Docker's defaults.
 * @param shell the image's SHELL, which runs a `CMD-SHELL` test
 * @returns undefined if there is none, or it is switched off by `NONE`
 */
export function parseProbe(config: HealthcheckConfig | undefined, shell = DEFAULT_SHELL): ProbeSpec | undefined {
  const [kind, ...rest] = config?.Test ?? []
  if (!config || kind === undefined || kind === 'NONE') return undefined
  return {
    args: kind === 'CMD' ? rest : [...shell, rest.join(' ')],
    intervalMs: milliseconds(config.Interval, 30_000),
    timeoutMs: milliseconds(config.Timeout, 30_000),
    startPeriodMs: milliseconds(config.StartPeriod, 0),
    startIntervalMs: milliseconds(config.StartInterval, 5_000),
    retries: config.Retries || 3,
  }
}
