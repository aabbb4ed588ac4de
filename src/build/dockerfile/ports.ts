import { isIP } from 'node:net'
import type { Where } from '../../errors.ts'
import { invalid } from './lines.ts'

export interface ExposedPorts {
  /** `80/tcp`; a range is spread out. */
  readonly ports: readonly string[]
  /** The protocol is written in capitals. */
  readonly capitals: boolean
  /** There is a host's address or port, which means nothing here. */
  readonly published: boolean
}

/** `80`, `80/udp`, `8000-8010`; also `[address:]hostPort:80`, of which only the last part counts. */
export function readPorts(text: string, where: Where): ExposedPorts {
  const parts = text.split(':')
  const container = parts.at(-1) ?? ''
  const [host, address] = [parts.at(-2), parts.slice(0, -2).join(':')]
  const [, range = '', protocol = 'tcp'] = /^([^/]*)(?:\/(.*))?$/.exec(container) ?? []
  if (!range) invalid(where, `invalid port: ${JSON.stringify(text)}: no port specified`)
  const name = protocol.toLowerCase() || 'tcp'
  if (!['tcp', 'udp', 'sctp'].includes(name)) {
    invalid(where, `invalid port: ${JSON.stringify(text)}: invalid proto: ${protocol}`)
  }
  if (address && isIP(address.replace(/^\[(.*)\]$/, '$1')) === 0) invalid(where, `invalid IP address: ${address}`)
  const [first, last] = portRange(range) ?? invalid(where, `invalid containerPort: ${range}`)
  const hosts = host ? (portRange(host) ?? invalid(where, `invalid hostPort: ${host}`)) : undefined
  if (hosts && last !== first && hosts[1] - hosts[0] !== last - first) {
    invalid(where, `invalid ranges specified for container and host Ports: ${range} and ${host}`)
  }
  return {
    ports: Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${name}`),
    capitals: protocol !== protocol.toLowerCase(),
    published: host !== undefined,
  }
}

function portRange(text: string): readonly [number, number] | undefined {
  const [, start = '', end = start] = /^\+?(\d+)(?:-\+?(\d+))?$/.exec(text) ?? []
  const [first, last] = [Number(start), Number(end)]
  return start && first <= last && last <= 65535 ? [first, last] : undefined
}
