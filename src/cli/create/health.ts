import type { HealthConfig } from '../../engine/api.ts'
import type { CreateFlags } from './flags.ts'
import { badFlag, some } from './parsed.ts'
import { durationOf } from './sizes.ts'

/** @returns undefined: the image's own */
export function parseHealthFlags(flags: CreateFlags): HealthConfig | undefined {
  const { healthCmd, healthRetries } = flags
  const duration = (text: string | undefined) => (text === undefined ? undefined : durationOf(text))
  const config: HealthConfig = {
    ...some('Test', healthCmd === undefined ? undefined : ['CMD-SHELL', healthCmd]),
    ...some('Interval', duration(flags.healthInterval)),
    ...some('Timeout', duration(flags.healthTimeout)),
    ...some('StartPeriod', duration(flags.healthStartPeriod)),
    ...some('StartInterval', duration(flags.healthStartInterval)),
    ...some('Retries', healthRetries),
  }
  const isSet = Object.keys(config).length > 0
  if (flags.noHealthcheck && isSet) throw badFlag('--no-healthcheck conflicts with --health-* options')
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const)
    if ((config[name] ?? 0) < 0)
      throw badFlag(`--health-${name.replace(/(?<=.)[A-Z]/g, '-$&').toLowerCase()} cannot be negative`)
  if ((config.Retries ?? 0) < 0) throw badFlag('--health-retries cannot be negative')
  if (flags.noHealthcheck) return { Test: ['NONE'] }
  return isSet ? config : undefined
}
