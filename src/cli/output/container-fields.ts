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
  ports.map(({ IP = '', PrivatePort, PublicPort = 0, Type }) => ({
    URL: IP,
    TargetPort: PrivatePort,
    PublishedPort: PublicPort,
    Protocol: Type,
  }))

/** `0.0.0.0:8000-8001->80-81/tcp, 443/tcp`: what runs on in all its numbers is written as a range. */
export function displayPorts(ports: ContainerSummary['Ports']): string {
  const sorted = ports.toSorted(
    (a, b) =>
      compareText(a.Type, b.Type) ||
      Number(a.PublicPort === undefined) - Number(b.PublicPort === undefined) ||
      compareText(a.IP, b.IP) ||
      a.PrivatePort - b.PrivatePort ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0),
  )
  const groups: { first: (typeof ports)[number]; length: number }[] = []
  for (const port of sorted) {
    const group = groups.at(-1)
    if (group && follows(group.first, group.length, port)) group.length++
    else groups.push({ first: port, length: 1 })
  }
  return groups.map(displayGroup).join(', ')
}

type Port = ContainerSummary['Ports'][number]

const follows = (first: Port, length: number, port: Port): boolean =>
  port.Type === first.Type &&
  port.IP === first.IP &&
  port.PrivatePort === first.PrivatePort + length &&
  (first.PublicPort === undefined ? port.PublicPort === undefined : port.PublicPort === first.PublicPort + length)

function displayGroup({
  first: { IP = '', PrivatePort, PublicPort, Type },
  length,
}: {
  first: Port
  length: number
}): string {
  const range = (start: number) => (length > 1 ? `${start}-${start + length - 1}` : String(start))
  if (PublicPort === undefined) return `${range(PrivatePort)}/${Type}`
  const host = IP.includes(':') ? `[${IP}]` : IP
  return `${host}:${range(PublicPort)}->${range(PrivatePort)}/${Type}`
}

const compareText = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0)
