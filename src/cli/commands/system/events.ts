import type { EventMessage } from '../../../engine/api.ts'
import { collect, type Define } from '../../command.ts'
import { connectSteadily } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { parseTime } from '../../times.ts'

interface EventsFlags {
  readonly filter?: readonly string[]
  readonly format?: string
  readonly since?: string
  readonly until?: string
}

export const define: Define = (command, cli) =>
  command
    .option('-f, --filter <name=value>', 'Only events that match', collect)
    .option('--format <format>', 'json, or a Go template')
    .option('--since <time>', 'From then on')
    .option('--until <time>', 'Up to then')
    .action(async ({ filter, format, since, until }: EventsFlags) => {
      const now = Date.now()
      const render = await renderer(format)
      const events = await (await connectSteadily()).systemEvents(
        {
          filters: filtersOf(filter),
          ...(since !== undefined && { since: parseTime(since, now) }),
          ...(until !== undefined && { until: parseTime(until, now) }),
        },
        cli.signal,
      )
      for await (const event of events) cli.stdout.write(`${render(event)}\n`)
      cli.signal.throwIfAborted()
    })

async function renderer(format: string | undefined): Promise<(event: EventMessage) => string> {
  if (format === undefined) return textLine
  if (format === 'json') return event => JSON.stringify({ ...legacyFields(event), ...event })
  const { parseTemplate } = await import('../../output/template.ts')
  const render = parseTemplate(format)
  return event => render(fieldsOf(event))
}

/** What events had before API 1.22, those that there were. */
const legacyFields = ({ Type, Action, Actor }: EventMessage) => ({
  ...((Type === 'container' || Type === 'image') && { status: Action, id: Actor.ID }),
  ...(Type === 'container' && Actor.Attributes.image && { from: Actor.Attributes.image }),
})

/** As templates know it: under Go's names. */
function fieldsOf(event: EventMessage) {
  const { Type, Action, Actor, scope, time, timeNano } = event
  const { status = '', id = '', from = '' } = legacyFields(event)
  return {
    Status: status,
    ID: id,
    From: from,
    Type,
    Action,
    Actor: { ...Actor },
    Scope: scope,
    Time: time,
    TimeNano: timeNano,
  }
}

/** `2026-01-02T03:04:05.123456789+00:00 container start ID (image=…, name=…)` */
function textLine({ Type, Action, Actor, time, timeNano }: EventMessage): string {
  const nanoseconds = String(timeNano % 1e9).padStart(9, '0')
  const attributes = Object.entries(Actor.Attributes)
    .sort()
    .map(([name, value]) => `${name}=${value}`)
  const list = attributes.length > 0 ? ` (${attributes.join(', ')})` : ''
  return `${localTime(time, nanoseconds)} ${Type} ${Action} ${Actor.ID}${list}`
}

/** RFC 3339 in this machine's time zone. */
function localTime(seconds: number, nanoseconds: string): string {
  const offset = -new Date(seconds * 1000).getTimezoneOffset()
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = `${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${hours}`
  return `${new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19)}.${nanoseconds}${zone}`
}
