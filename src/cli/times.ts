import { TscomposeError } from '../errors.ts'

const unitMs = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/**
 * A moment as `--since` and `--until` take it: RFC 3339, Unix seconds, or how long ago it was (`1h30m`).
 * @returns as the engine takes it
 */
export function parseTime(text: string, now: number): string {
  if (/^\d+(\.\d+)?$/.test(text)) return text
  const ago = parseGoDuration(text)
  if (ago !== undefined) return ((now - ago) / 1000).toFixed(3)
  const [, day, time = '', zone = ''] = /^(\d{4}-\d\d-\d\d)(?:T([\d:.]+))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? []
  // What is left out is zero, as far as Go leaves it out; without a zone, the time is this machine's.
  const whole = `${day}T${time}${'00:00:00'.slice(time.length)}${zone}`
  if (day !== undefined && !Number.isNaN(Date.parse(whole))) return zone ? whole : new Date(whole).toISOString()
  throw new TscomposeError('CLI_FLAG', `invalid value for a time: "${text}"`)
}

/** @returns milliseconds; undefined if it is no duration of Go's form */
function parseGoDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * unitMs[unit as keyof typeof unitMs], 0)
}
