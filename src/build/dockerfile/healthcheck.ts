import type { Flags } from './flags.ts'
import type { InstructionLine } from './instruction-line.ts'
import { invalid } from './lines.ts'
import type { Healthcheck } from './step.ts'
import { readJsonForm } from './words.ts'

const kinds = {
  interval: 'text',
  timeout: 'text',
  'start-period': 'text',
  'start-interval': 'text',
  retries: 'text',
} as const

/** `HEALTHCHECK [flags] CMD command`, `HEALTHCHECK NONE` */
export function readHealthcheck(line: InstructionLine): Healthcheck {
  const flags = line.flags(kinds)
  const [, type = '', , command = ''] = /^(\S+)(\s+([^]*))?$/.exec(line.rest) ?? []
  switch (type.toUpperCase()) {
    case '':
      return line.fail('HEALTHCHECK requires at least one argument')
    case 'NONE':
      if (command) line.fail('HEALTHCHECK NONE takes no arguments')
      return { Test: ['NONE'] }
    case 'CMD':
      break
    default:
      line.fail(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`)
  }
  const json = readJsonForm(command)
  const test = json ?? (command ? [command] : [])
  if (test.length === 0) line.fail('Missing command after HEALTHCHECK CMD')
  return {
    Test: [json ? 'CMD' : 'CMD-SHELL', ...test],
    ...duration(flags, 'interval', 'Interval'),
    ...duration(flags, 'timeout', 'Timeout'),
    ...duration(flags, 'start-period', 'StartPeriod'),
    ...duration(flags, 'start-interval', 'StartInterval'),
    ...retries(flags),
  }
}

function retries(flags: Flags): { readonly Retries?: number } {
  const text = flags.text('retries')
  const [where] = flags.places('retries')
  if (text === undefined || !where) return {}
  if (!/^[-+]?\d{1,9}$/.test(text)) invalid(where, `--retries is not a number: ${text}`)
  if (Number(text) < 0) invalid(where, `--retries cannot be negative (${text})`)
  return Number(text) === 0 ? {} : { Retries: Number(text) }
}

const MILLISECOND = 1_000_000
const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: MILLISECOND,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** Go's notation for durations, `1m30s`; no value and 0 leave Docker's default. */
function duration<Field extends string>(flags: Flags, name: string, field: Field): { readonly [F in Field]?: number } {
  const text = flags.text(name)
  const [where] = flags.places(name)
  if (!text || !where) return {}
  if (!/^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) {
    invalid(where, `--${name}: not a duration: ${JSON.stringify(text)}`, 'durations look like 30s, 1m30s or 500ms')
  }
  const parts = [...text.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)]
  const sum = parts.reduce((total, [, number, unit = '']) => total + Number(number) * (units[unit] ?? 0), 0)
  const nanoseconds = Math.round(text.startsWith('-') ? -sum : sum)
  if (nanoseconds === 0) return {}
  if (nanoseconds < MILLISECOND) invalid(where, `Interval ${JSON.stringify(name)} cannot be less than 1ms`)
  return { [field]: nanoseconds } as { readonly [F in Field]?: number }
}
