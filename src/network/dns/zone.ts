import { contains, formatAddress, parseSubnet, readAddress } from '../addresses/address.ts'

/**
 * Which answer a name has, for one container: a pure decision. Names and addresses of a network are its zone; a
 * container sees the zones of the networks it is on.
 */

/** A container on a network. */
export interface Host {
  readonly containerId: string
  /** The name that its address resolves to. */
  readonly containerName: string
  /** All names, in lower case. */
  readonly names: readonly string[]
  readonly ipv4?: string | undefined
  readonly ipv6?: string | undefined
}

export interface Zone {
  readonly networkName: string
  readonly internal: boolean
  readonly hosts: readonly Host[]
  /** The hosts that have a name, given in lower case. */
  readonly named: (name: string) => readonly Host[]
  /** Whether an address is of this network, in use or not. */
  readonly contains: (address: string) => boolean
}

/** A network as it is told to the DNS server. */
export interface ZoneSpec {
  readonly networkName: string
  readonly internal: boolean
  /** CIDR */
  readonly subnets: readonly string[]
}

export function zoneOf({ networkName, internal, subnets: texts }: ZoneSpec, hosts: readonly Host[]): Zone {
  const subnets = texts.map(parseSubnet)
  const byName = new Map<string, Host[]>()
  for (const host of hosts)
    for (const name of new Set(host.names)) byName.set(name, [...(byName.get(name) ?? []), host])
  return {
    networkName,
    internal,
    hosts,
    named: name => byName.get(name) ?? [],
    contains: text => {
      const address = readAddress(text)
      return address !== undefined && subnets.some(subnet => contains(subnet, address))
    },
  }
}

export type Answer =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'pointer'; readonly name: string }
  /** The name exists, but has nothing of that type. */
  | { readonly kind: 'nodata' }
  | { readonly kind: 'nxdomain' }
  /** Not ours: for the upstream servers. */
  | { readonly kind: 'forward' }

/**
 * - A name of a container with another type than it has is NODATA: musl takes NXDOMAIN for AAAA as final for A too.
 * - A name of one label that we do not know is NXDOMAIN and never leaves the machine: it was meant for a service. And
 *   musl waits for five seconds on SERVFAIL.
 * - A container with nothing but internal networks has no way out, not by DNS either.
 * @param zones those of the container, in the order in which they are asked; the first that knows the name answers
 * @param type the name of the record type, such as `A`
 */
export function decide(zones: readonly Zone[], name: string, type: string): Answer {
  const wanted = normalName(name)
  const pointed = wanted.endsWith('.arpa') ? addressOfPointer(wanted) : undefined
  if (pointed !== undefined) {
    const answer = decidePointer(zones, pointed, type)
    if (answer) return answer
  }
  for (const zone of zones) {
    const hosts = hostsNamed(zone, wanted)
    if (hosts.length === 0) continue
    const addresses =
      type === 'A'
        ? hosts.flatMap(({ ipv4 }) => ipv4 ?? [])
        : type === 'AAAA'
          ? hosts.flatMap(({ ipv6 }) => ipv6 ?? [])
          : []
    return addresses.length === 0 ? { kind: 'nodata' } : { kind: 'addresses', addresses }
  }
  if (wanted !== '' && !wanted.includes('.')) return { kind: 'nxdomain' }
  return zones.every(({ internal }) => internal) ? { kind: 'nxdomain' } : { kind: 'forward' }
}

/** In lower case, without a dot at the end. */
export function normalName(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

/** By a name itself, or by `<name>.<network>`. */
function hostsNamed({ named, networkName }: Zone, wanted: string): readonly Host[] {
  const direct = named(wanted)
  const suffix = `.${networkName.toLowerCase()}`
  return direct.length > 0 || !wanted.endsWith(suffix) ? direct : named(wanted.slice(0, -suffix.length))
}

function decidePointer(zones: readonly Zone[], address: string, type: string): Answer | undefined {
  for (const { hosts, networkName, contains } of zones) {
    const host = hosts.find(({ ipv4, ipv6 }) => ipv4 === address || ipv6 === address)
    if (host)
      return type === 'PTR' ? { kind: 'pointer', name: `${host.containerName}.${networkName}` } : { kind: 'nodata' }
    if (contains(address)) return { kind: 'nxdomain' }
  }
  return undefined
}

/** `2.0.18.172.in-addr.arpa` is 172.18.0.2. @returns undefined for any other name */
export function addressOfPointer(name: string): string | undefined {
  const [, v4] = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name) ?? []
  if (v4 !== undefined) return v4.split('.').filter(Boolean).reverse().join('.')
  const [, v6] = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name) ?? []
  if (v6 === undefined) return undefined
  const digits = v6.replaceAll('.', '').split('').reverse().join('')
  return formatAddress({ family: 6, value: BigInt(`0x${digits}`) })
}
