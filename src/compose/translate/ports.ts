import type { PortMap } from '../../engine/api.ts'
import type { Service } from '../project.ts'

/** What `expose` and `ports` name, as `80/tcp`. */
export function exposedPorts({ expose, ports }: Pick<Service, 'expose' | 'ports'>): Record<string, object> {
  const names = [...expose.flatMap(expandRange), ...ports.map(({ target, protocol }) => `${target}/${protocol}`)]
  return Object.fromEntries(names.map(name => [name, {}]))
}

/** `8000-8002/udp` as three ports. */
function expandRange(text: string): string[] {
  const [range = '', protocol = 'tcp'] = text.split('/')
  const [first = Number.NaN, last = first] = range.split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`)
}

/** Where `ports` are to be reachable on the host. An empty port lets the engine choose. */
export function portBindings({ ports }: Pick<Service, 'ports'>): PortMap {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { target, protocol, hostIp = '', published = '' } of ports) {
    const port = `${target}/${protocol}`
    bindings[port] = [...(bindings[port] ?? []), { HostIp: hostIp, HostPort: published }]
  }
  return bindings
}
