import type { EventMessage } from '../../../engine/api.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { parseTemplate } from '../../output/template.ts'
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
      const render = renderer(format)
      const events = await (await connect()).systemEvents(
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

function renderer(format: string | undefined): (event: EventMessage) => string {
  if (format === undefined) return textLine
  if (format === 'json') return event => JSON.stringify(event)
  const render = parseTemplate(format)
  return event => render({ ...event })
}

/** `2026-01-02T03:04:05.123456789+00:00 container start ID (image=…, name=…)` */
function textLine({ Type, Action, Actor, time, timeNano }: EventMessage): string {
  const nanoseconds = String(timeNano % 1e9).padStart(9, '0')
  const attributes = Object.entries(Actor.Attributes)
    .sort()
    .map(([name, value]) => `${name}=${value}`)
  const list = attributes.length > 0 ? ` (${attributes.join(', ')})` : ''
  return `${new Date(time * 1000).toISOString().slice(0, 19)}.${nanoseconds}Z ${Type} ${Action} ${Actor.ID}${list}`
}
