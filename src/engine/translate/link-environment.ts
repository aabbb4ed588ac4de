import { parsePort } from '../network/ports.ts'

/** A container that another one has a link to, on the bridge that both are on by default. */
export interface Linked {
  /** `/web/db`: who has the link, and the name it has for the other. */
  readonly link: string
  readonly address: string
  readonly env: readonly string[]
  /** `5432/tcp` */
  readonly exposed: readonly string[]
}

/**
 * The variables by which a container finds another one that it has a link to: `DB_PORT_5432_TCP_ADDR=172.17.0.2`, for each
 * port it exposes, and its environment as `DB_ENV_...` ("Legacy container links" of Docker's documentation).
 */
export function linkEnvironment({ link, address, env, exposed }: Linked): string[] {
  const alias = link.slice(link.lastIndexOf('/') + 1)
  const prefix = alias.toUpperCase().replaceAll('-', '_')
  const ports = exposed.map(parsePort).sort(byProtocol)
  const url = ({ port, protocol }: Port) => `${protocol}://${address}:${port}`
  const nameOf = ({ port, protocol }: Port) => `${prefix}_PORT_${port}_${protocol.toUpperCase()}`
  const [first] = ports
  return [
    ...(first ? [`${prefix}_PORT=${url(first)}`] : []),
    ...ports.flatMap(port => [
      `${nameOf(port)}=${url(port)}`,
      `${nameOf(port)}_ADDR=${address}`,
      `${nameOf(port)}_PORT=${port.port}`,
      `${nameOf(port)}_PROTO=${port.protocol}`,
    ]),
    ...rangesOf(ports).flatMap(({ start, end }) => [
      `${nameOf(start)}_START=${url(start)}`,
      `${nameOf(start)}_PORT_START=${start.port}`,
      `${nameOf(start)}_END=${url(end)}`,
      `${nameOf(start)}_PORT_END=${end.port}`,
    ]),
    `${prefix}_NAME=${link}`,
    ...env.filter(variable => /^(?!HOME=|PATH=).+?=/.test(variable)).map(variable => `${prefix}_ENV_${variable}`),
  ]
}

type Port = ReturnType<typeof parsePort>

/** Those of TCP first: of them is the one that has no number in its name. */
function byProtocol(a: Port, b: Port): number {
  if (a.protocol === b.protocol) return a.port - b.port
  const rank = ({ protocol }: Port) => ['tcp', 'sctp', 'udp'].indexOf(protocol)
  return rank(a) - rank(b)
}

/** Two ports and more that follow one another. */
function rangesOf(ports: readonly Port[]): { readonly start: Port; readonly end: Port }[] {
  const ranges: { start: Port; end: Port }[] = []
  for (const port of ports) {
    const last = ranges.at(-1)
    if (last && last.end.protocol === port.protocol && last.end.port + 1 === port.port) last.end = port
    else ranges.push({ start: port, end: port })
  }
  return ranges.filter(({ start, end }) => start !== end)
}
