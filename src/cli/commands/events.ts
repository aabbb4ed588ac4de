import { label } from '../../compose/labels.ts'
import { serviceOf } from '../../compose/select.ts'
import type { EventMessage } from '../../engine/api.ts'
import type { Define } from '../command.ts'
import { connectSteadily } from '../engine.ts'
import { findTarget } from '../target.ts'
import { parseTime } from '../times.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--json', 'A JSON object for each event')
    .option('--since <time>', 'From then on')
    .option('--until <time>', 'Up to then')
    .action(async (services: string[], flags: { json?: boolean; since?: string; until?: string }) => {
      const { engine, name, project } = await findTarget(cli, services, connectSteadily)
      if (project) for (const service of services) serviceOf(project.services, service)
      const now = Date.now()
      const events = await engine.systemEvents(
        {
          filters: { type: ['container'], label: [`${label.project}=${name}`] },
          ...(flags.since !== undefined && { since: parseTime(flags.since, now) }),
          ...(flags.until !== undefined && { until: parseTime(flags.until, now) }),
        },
        cli.signal,
      )
      for await (const event of events) {
        const { [label.oneOff]: oneOff, [label.service]: service = '' } = event.Actor.Attributes
        if (oneOff === 'True' || (services.length > 0 && !services.includes(service))) continue
        cli.stdout.write(`${flags.json ? jsonLine(event) : textLine(event)}\n`)
      }
      cli.signal.throwIfAborted()
    })

/** Without the labels that Compose, and we, have put there. */
const attributesOf = ({ Actor }: EventMessage): [string, string][] =>
  Object.entries(Actor.Attributes).filter(([name]) => !/^(com\.docker\.compose|tscompose)\./.test(name))

const timeOf = ({ timeNano }: EventMessage): Date => new Date(timeNano / 1e6)

function textLine(event: EventMessage): string {
  const time = timeOf(event)
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString()
  const microseconds = String(Math.floor(event.timeNano / 1e3) % 1e6).padStart(6, '0')
  const attributes = attributesOf(event)
    .sort()
    .map(([name, value]) => `${name}=${value}`)
  return `${local.slice(0, 19).replace('T', ' ')}.${microseconds} container ${event.Action} ${event.Actor.ID} (${attributes.join(', ')})`
}

const jsonLine = (event: EventMessage): string =>
  JSON.stringify({
    time: timeOf(event).toISOString(),
    type: event.Type,
    service: event.Actor.Attributes[label.service] ?? '',
    id: event.Actor.ID,
    action: event.Action,
    attributes: Object.fromEntries(attributesOf(event)),
  })
