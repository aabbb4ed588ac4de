import type { PortSpec, PublishedPort } from '../../network/network.ts'
import type { ContainerSummary, PortMap } from '../api.ts'
import { invalid } from '../failures.ts'

type Protocol = PortSpec['protocol']

/** `80/tcp`, `53/udp`, `80`. */
export function parsePort(text: string): { port: number; protocol: Protocol } {
  const match = /^(\d+)(?:\/(tcp|udp|sctp))?$/i.exec(text)
  const port = Number(match?.[1])
  if (!match || port < 1 || port > 65535) throw invalid(`invalid port specification: "${text}"`)
  return { port, protocol: (match[2]?.toLowerCase() ?? 'tcp') as Protocol }
}

function parseHostPort(text: string | undefined): PortSpec['hostPort'] {
  if (!text || text === '0') return undefined
  const match = /^(\d+)(?:-(\d+))?$/.exec(text)
  const from = Number(match?.[1])
  const to = Number(match?.[2] ?? match?.[1])
  if (!match || from < 1 || to < from || to > 65535) throw invalid(`invalid port specification: "${text}"`)
  return { from, to }
}

/**
 * The ports that a container publishes.
 * @param exposed what it exposes; with `publishAll` those ports are published at a port of the kernel's choice
 */
export function toPortSpecs(
  bindings: PortMap,
  exposed: Readonly<Record<string, object>>,
  publishAll: boolean,
): readonly PortSpec[] {
  const specs: PortSpec[] = []
  for (const [key, list] of Object.entries(bindings)) {
    const { port, protocol } = parsePort(key)
    for (const { HostIp, HostPort } of list ?? []) {
      const hostPort = parseHostPort(HostPort)
      specs.push({
        protocol,
        containerPort: port,
        ...(HostIp && { hostIp: HostIp }),
        ...(hostPort && { hostPort }),
      })
    }
  }
  if (!publishAll) return specs
  const published = new Set(specs.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`))
  for (const key of Object.keys(exposed)) {
    const { port, protocol } = parsePort(key)
    if (!published.has(`${port}/${protocol}`)) specs.push({ protocol, containerPort: port })
  }
  return specs
}

/** `NetworkSettings.Ports`: what is published, and null for what is only exposed. */
export function toPortMap(published: readonly PublishedPort[], exposed: Readonly<Record<string, object>>): PortMap {
  const map: PortMap = {}
  for (const key of Object.keys(exposed)) {
    const { port, protocol } = parsePort(key)
    map[`${port}/${protocol}`] = null
  }
  for (const { containerPort, protocol, hostIp, hostPort } of published) {
    const key = `${containerPort}/${protocol}`
    map[key] = [...(map[key] ?? []), { HostIp: hostIp, HostPort: hostPort === 0 ? '' : String(hostPort) }]
  }
  return map
}

/** `Ports` of an item of the list of containers. */
export function toPortSummaries(
  published: readonly PublishedPort[],
  exposed: Readonly<Record<string, object>>,
): ContainerSummary['Ports'] {
  const onHost = published.filter(({ hostPort }) => hostPort !== 0)
  const summaries: ContainerSummary['Ports'] = onHost.map(({ hostIp, containerPort, hostPort, protocol }) => ({
    IP: hostIp,
    PrivatePort: containerPort,
    PublicPort: hostPort,
    Type: protocol,
  }))
  const known = new Set(onHost.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`))
  const others = published.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)
  for (const key of new Set([...Object.keys(exposed), ...others])) {
    const { port, protocol } = parsePort(key)
    if (!known.has(`${port}/${protocol}`)) summaries.push({ PrivatePort: port, Type: protocol })
  }
  return summaries
}
