import type { PortSpec, PublishedPort } from '../network.ts'
import type { Reservation } from './reserve.ts'

/** What has become of one request to publish a port. */
export interface Publication {
  readonly spec: PortSpec
  readonly ports: readonly PublishedPort[]
  /** Fewer than the ports where somebody took one while there was no engine. */
  readonly reservations: readonly Reservation[]
}

export const portsOf = (publications: readonly Publication[]): readonly PublishedPort[] =>
  publications.flatMap(({ ports }) => ports)

const keyOf = ({ protocol, containerPort, hostIp = '', hostPort }: PortSpec): string =>
  [protocol, containerPort, hostIp, hostPort?.from, hostPort?.to].join()

/** The same place on the host, whatever it leads to; undefined for one of the kernel's or the engine's choice. */
const placeOf = ({ protocol, hostIp = '', hostPort }: PortSpec): string | undefined =>
  hostPort && hostPort.from === hostPort.to ? [protocol, hostIp, hostPort.from].join() : undefined

/** What stays of `existing` when `requested` is to be published instead, what goes, and what has yet to be had. */
export function comparePublications(
  existing: readonly Publication[],
  requested: readonly PortSpec[],
): {
  readonly staying: readonly Publication[]
  readonly dropped: readonly Publication[]
  readonly missing: readonly PortSpec[]
} {
  const rest = new Set(existing)
  const take = (fits: (publication: Publication) => boolean): Publication | undefined => {
    const found = [...rest].find(fits)
    if (found) rest.delete(found)
    return found
  }
  const kept = new Map(requested.map(spec => [spec, take(one => keyOf(one.spec) === keyOf(spec))]))
  const staying: Publication[] = []
  const missing: PortSpec[] = []
  for (const [spec, same] of kept) {
    const place = placeOf(spec)
    const moved = same ?? (place === undefined ? undefined : take(one => placeOf(one.spec) === place))
    if (moved) staying.push(leadingTo(moved, spec))
    else missing.push(spec)
  }
  return { staying, dropped: [...rest], missing }
}

const leadingTo = (publication: Publication, spec: PortSpec): Publication => {
  const { containerPort } = spec
  return {
    spec,
    ports: publication.ports.map(port => ({ ...port, containerPort })),
    reservations: publication.reservations.map(reservation => ({ ...reservation, containerPort })),
  }
}
