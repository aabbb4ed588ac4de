/**
 * The nftables rules, as text. One table holds all networks of an engine: a packet passes the same few chains however
 * many networks there are, and a change is a transaction of elements, whose cost does not grow with the table.
 *
 * The chains only ever drop what comes from or goes to our own bridges; several engines' tables, and those of others,
 * stand side by side without knowing of each other. Priorities lie just before the usual ones, so that Docker's rules
 * see packets as they would without us.
 */

/** A network, as the firewall sees it. */
export interface FirewallNetwork {
  readonly bridge: string
  /** No way in or out. */
  readonly internal: boolean
  /** Packets that leave get an address of the host. */
  readonly masquerade: boolean
  /** CIDR */
  readonly ipv4?: string | undefined
  readonly ipv6?: string | undefined
}

/** A published port: what arrives at the host's `hostPort` goes to the container's address, of the same family. */
export interface PortMapping {
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  /** Absent: every address of the host. */
  readonly hostIp?: string | undefined
  readonly hostPort: number
  readonly address: string
  readonly port: number
}

const chains = `
  set bridges { type ifname; }
  set internal { type ifname; }
  set same { type ifname . ifname; }
  set local4 { type ifname . ipv4_addr; flags interval; }
  set local6 { type ifname . ipv6_addr; flags interval; }
  set outbound4 { type ipv4_addr; flags interval; }
  set outbound6 { type ipv6_addr; flags interval; }
  map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map published_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map published6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map published6_at { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }

  chain publish {
    dnat ip to ip daddr . meta l4proto . th dport map @published_at
    dnat ip to meta l4proto . th dport map @published
  }
  chain publish6 {
    dnat ip6 to ip6 daddr . meta l4proto . th dport map @published6_at
    dnat ip6 to meta l4proto . th dport map @published6
  }
  # route_localnet, which published ports on 127.0.0.1 need, must not open the host's loopback to containers.
  chain guard {
    type filter hook prerouting priority raw
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 10
    meta nfproto ipv4 fib daddr type local goto publish
    ip6 daddr != ::1 fib daddr type local goto publish6
  }
  chain output {
    type nat hook output priority -110
    meta nfproto ipv4 fib daddr type local goto publish
    ip6 daddr != ::1 fib daddr type local goto publish6
  }
  chain postrouting {
    type nat hook postrouting priority srcnat - 10
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    oifname . ip saddr @local4 ct status dnat masquerade
    oifname . ip saddr @local4 return
    oifname . ip6 saddr @local6 ct status dnat masquerade
    oifname . ip6 saddr @local6 return
    ip saddr @outbound4 masquerade
    ip6 saddr @outbound6 masquerade
  }
  chain input {
    type filter hook input priority filter - 10
    iifname @internal ct state != { established, related, untracked } drop
  }
  chain forward {
    type filter hook forward priority filter - 10
    iifname @bridges jump leaving
    oifname @bridges jump entering
  }
  chain leaving {
    ct state established,related return
    iifname . oifname @same return
    iifname @internal drop
    ct status dnat return
    meta oifkind "bridge" drop
  }
  chain entering {
    ct state established,related return
    iifname . oifname @same return
    oifname @internal drop
    ct status dnat return
    drop
  }
`

/** How many chains the table has. */
export const chainCount = chains.match(/^ {2}chain /gm)?.length ?? 0

export type Change = 'add' | 'delete'

const elements = (change: Change, table: string, set: string, items: readonly string[]) =>
  items.length === 0 ? '' : `${change} element inet ${table} ${set} { ${items.join(', ')} }\n`

export function networkElements(change: Change, table: string, network: FirewallNetwork): string {
  const { bridge, internal, masquerade, ipv4, ipv6 } = network
  const name = `"${bridge}"`
  const outbound = masquerade && !internal
  return [
    elements(change, table, 'bridges', [name]),
    elements(change, table, 'internal', internal ? [name] : []),
    elements(change, table, 'same', [`${name} . ${name}`]),
    elements(change, table, 'local4', ipv4 ? [`${name} . ${ipv4}`] : []),
    elements(change, table, 'local6', ipv6 ? [`${name} . ${ipv6}`] : []),
    elements(change, table, 'outbound4', outbound && ipv4 ? [ipv4] : []),
    elements(change, table, 'outbound6', outbound && ipv6 ? [ipv6] : []),
  ].join('')
}

const keyOf = ({ protocol, hostIp, hostPort }: PortMapping) =>
  hostIp === undefined ? `${protocol} . ${hostPort}` : `${hostIp} . ${protocol} . ${hostPort}`

export function portElements(change: Change, table: string, mappings: readonly PortMapping[]): string {
  const item = (mapping: PortMapping) =>
    change === 'add' ? `${keyOf(mapping)} : ${mapping.address} . ${mapping.port}` : keyOf(mapping)
  return Object.entries(Object.groupBy(mappings, mapOf))
    .map(([map, those = []]) => elements(change, table, map, those.map(item)))
    .join('')
}

/** The map in which a port is. IPv6 has no way to translate what the host sends to ::1, so that is left to proxies. */
export const mapOf = ({ hostIp, address }: PortMapping): string =>
  `published${address.includes(':') ? '6' : ''}${hostIp === undefined ? '' : '_at'}`

/** The whole table, in place of one that is there. */
export const replaceTable = (
  table: string,
  networks: readonly FirewallNetwork[],
  mappings: readonly PortMapping[],
): string =>
  [
    deleteTable(table),
    `table inet ${table} {${chains}}\n`,
    ...networks.map(network => networkElements('add', table, network)),
    portElements('add', table, mappings),
  ].join('')

/** Also where there is none. */
export const deleteTable = (table: string): string => `add table inet ${table}\ndelete table inet ${table}\n`
