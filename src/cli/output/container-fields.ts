import { label } from '../../compose/labels.ts'
import { healthOf, nameOf } from '../../compose/observe.ts'
import type { ContainerSummary } from '../../engine/api.ts'
import { humanDuration } from '../../engine/human-duration.ts'

export interface Publisher {
  readonly URL: string
  readonly TargetPort: number
  /** 0: only exposed. */
  readonly PublishedPort: number
  readonly Protocol: string
}

/** A container as `ps` prints it: the fields of its JSON and of its templates, under docker compose's names. */
export type ContainerFields = ReturnType<typeof containerFields>

/** @param now milliseconds since the epoch */
export function containerFields(container: ContainerSummary, { now, trunc }: { now: number; trunc: boolean }) {
  const { Labels } = container
  const created = new Date(container.Created * 1000)
  const mounts = container.Mounts.map(({ Name, Source }) => Name ?? Source)
  const shorten = (text: string, length: number) =>
    trunc && text.length > length ? `${text.slice(0, length - 1)}…` : text
  return {
    Command: JSON.stringify(shorten(container.Command, 20)),
    CreatedAt: `${created.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`,
    Engine: Labels[label.engine] ?? '',
    ExitCode: exitCodeOf(container),
    Health: healthOf(container.Status).replace('none', ''),
    ID: trunc ? container.Id.slice(0, 12) : container.Id,
    Image: container.Image,
    Labels: Object.entries(Labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
    LocalVolumes: String(
      container.Mounts.filter(({ Type, Driver }) => Type === 'volume' && (Driver ?? 'local') === 'local').length,
    ),
    Mounts: mounts.map(mount => shorten(mount, 15)).join(','),
    Name: nameOf(container),
    Names: nameOf(container),
    Networks: Object.keys(container.NetworkSettings.Networks).join(','),
    Ports: displayPorts(container.Ports),
    Project: Labels[label.project] ?? '',
    Publishers: publishers(container.Ports),
    RunningFor: `${humanDuration(now - created.getTime())} ago`,
    Service: Labels[label.service] ?? '',
    Size: '0B',
    State: container.State,
    Status: container.Status,
  }
}

/** The list tells an exit code within the status only: `Exited (3) 2 minutes ago`, `Restarting (1) ...`. */
const exitCodeOf = ({ Status }: ContainerSummary): number =>
  Number(/^(?:Exited|Restarting) \((\d+)\)/.exec(Status)?.[1] ?? 0)

const publishers = (ports: ContainerSummary['Ports']): Publisher[] =>
  ports
    .toSorted((a, b) => a.PrivatePort - b.PrivatePort)
    .map(({ IP = '', PrivatePort, PublicPort = 0, Type }) => ({
      URL: IP,
      TargetPort: PrivatePort,
      PublishedPort: PublicPort,
      Protocol: Type,
    }))

/**
 * `443/tcp, 0.0.0.0:80-81->80-81/tcp, 0.0.0.0:8080->90/tcp`, as Docker shows them: first what has the same number on
 * both sides or none outside, runs of it as ranges; then, one by one, what has another number outside.
 */
export function displayPorts(ports: ContainerSummary['Ports']): string {
  const sorted = ports.toSorted(
    (a, b) =>
      a.PrivatePort - b.PrivatePort ||
      compareText(a.IP, b.IP) ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      compareText(a.Type, b.Type),
  )
  const ended: Run[] = []
  const open = new Map<string, Run>()
  const mapped: string[] = []
  for (const { IP, PrivatePort, PublicPort, Type } of sorted) {
    if (PublicPort !== undefined && PublicPort !== PrivatePort) {
      mapped.push(`${hostOf(IP)}:${PublicPort}->${PrivatePort}/${Type}`)
      continue
    }
    const host = PublicPort === undefined ? undefined : hostOf(IP)
    const key = `${host}/${Type}`
    const run = open.get(key)
    if (run?.last === PrivatePort - 1) run.last++
    else {
      if (run) ended.push(run)
      open.set(key, { host, first: PrivatePort, last: PrivatePort, type: Type })
    }
  }
  return [...[...ended, ...open.values()].map(displayRun), ...mapped].join(', ')
}

/** Ports without a gap; published under the same numbers if there is a host. */
interface Run {
  readonly host: string | undefined
  readonly first: number
  last: number
  readonly type: string
}

function displayRun({ host, first, last, type }: Run): string {
  const range = first === last ? String(first) : `${first}-${last}`
  return `${host === undefined ? '' : `${host}:${range}->`}${range}/${type}`
}

const hostOf = (address = ''): string => (address.includes(':') ? `[${address}]` : address)

const compareText = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0)
