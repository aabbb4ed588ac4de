/** One port of the short syntax, in the long form. */
export interface PortMapping {
  readonly target: number
  /** A port or a range `a-b`; absent: chosen at run time. */
  readonly published?: string
  readonly hostIp?: string
  readonly protocol: string
}

/**
 * Reads `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, where HOST and CONTAINER may be ranges.
 * @throws Error in the words of the original
 */
export function parsePorts(text: string): PortMapping[] {
  const { address, host, container } = split(text)
  const hostIp = parseAddress(address)
  const slash = container.indexOf('/')
  const containerPorts = slash < 0 ? container : container.slice(0, slash)
  const protocolText = slash < 0 ? '' : container.slice(slash + 1)
  if (containerPorts === '') throw new Error(`no port specified: ${text}<empty>`)
  const protocol = (protocolText || 'tcp').toLowerCase()
  const [first, last] = range(containerPorts) ?? invalid('invalid containerPort', containerPorts)
  const [hostFirst, hostLast] = host === '' ? [0, 0] : (range(host) ?? invalid('invalid hostPort', host))
  if (host !== '' && last - first !== hostLast - hostFirst && last !== first)
    throw new Error(`invalid ranges specified for container and host Ports: ${containerPorts} and ${host}`)
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) invalid('invalid proto', protocolText)
  const mappings: PortMapping[] = []
  for (let target = first; target <= last; target++) {
    const published =
      host === ''
        ? undefined
        : first === last && hostFirst !== hostLast
          ? `${hostFirst}-${hostLast}`
          : String(hostFirst + target - first)
    mappings.push({
      target,
      protocol,
      ...(published === undefined ? {} : { published }),
      ...(hostIp === '' ? {} : { hostIp }),
    })
  }
  // The original keeps them under keys like "80/tcp" and sorts those as texts.
  const key = (mapping: PortMapping) => `${mapping.target}/${mapping.protocol}`
  return mappings.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

function invalid(what: string, value: string): never {
  throw new Error(`${what}: ${value}`)
}

function split(text: string): { address: string; host: string; container: string } {
  const parts = text.split(':')
  const container = parts.at(-1) ?? ''
  const host = parts.length > 1 ? (parts.at(-2) ?? '') : ''
  return { address: parts.slice(0, -2).join(':'), host, container }
}

/** Takes the brackets off an IPv6 address. */
function parseAddress(text: string): string {
  const address = text.startsWith('[') ? (/^\[([^[\]]*)\]$/.exec(text)?.[1] ?? text) : text
  if (address !== '' && !isAddress(address)) invalid('invalid IP address', address)
  return address
}

/** As Go's net.ParseIP: no zones, no leading zeros. */
export const isAddress = (text: string): boolean =>
  process.getBuiltinModule('node:net').isIP(text) !== 0 && !text.includes('%')

function range(text: string): [number, number] | undefined {
  const port = (part: string) => (/^\d+$/.test(part) && Number(part) <= 65535 ? Number(part) : undefined)
  const [from = '', to = from] = text.split('-')
  const first = port(from)
  const last = port(to)
  return first === undefined || last === undefined || last < first ? undefined : [first, last]
}
