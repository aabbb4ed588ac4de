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
  /** Whether its containers reach each other. */
  readonly icc: boolean
  /** Devices of the host between which nothing was forwarded before this network needed forwarding. */
  readonly closed: readonly string[]
  readonly subnets: readonly FirewallSubnet[]
}

export interface FirewallSubnet {
  /** CIDR */
  readonly subnet: string
  /** With which address packets leave: their own, that of the host's device they leave by, or this one. */
  readonly leaves: 'itself' | 'host' | (string & {})
  /**
   * Who has a route to it gets to ports that are published on the host and nowhere else, or to all ports, or to ports
   * that are published on the container's own address.
   */
  readonly entered: 'published' | 'nat-unprotected' | 'routed'
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

/** A port of a container that is reached on the container's own address. */
export interface DirectPort {
  readonly protocol: 'tcp' | 'udp' | 'sctp'
  readonly address: string
  readonly port: number
  /** Only by this device; absent: by whoever has a route. */
  readonly from?: string | undefined
}

export type PortRule = PortMapping | DirectPort

const chains = `
  set bridges { type ifname; }
  set internal { type ifname; }
  set apart { type ifname; }
  set same { type ifname . ifname; }
  set closed { type ifname . ifname; }
  set local4 { type ifname . ipv4_addr; flags interval; }
  set local6 { type ifname . ipv6_addr; flags interval; }
  set outbound4 { type ipv4_addr; flags interval; }
  set outbound6 { type ipv6_addr; flags interval; }
  set routed4 { type ipv4_addr; flags interval; }
  set routed6 { type ipv6_addr; flags interval; }
  set open4 { type ipv4_addr; flags interval; }
  set open6 { type ipv6_addr; flags interval; }
  map leaves4 { type ipv4_addr : ipv4_addr; flags interval; }
  map leaves6 { type ipv6_addr : ipv6_addr; flags interval; }
  set direct4 { type ipv4_addr . inet_proto . inet_service; }
  set direct6 { type ipv6_addr . inet_proto . inet_service; }
  set trusted4 { type ifname . ipv4_addr . inet_proto . inet_service; }
  set trusted6 { type ifname . ipv6_addr . inet_proto . inet_service; }
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
  # route_localnet, which published ports on 127.0.0.1 need, must not open the host's loopback to containers, nor
  # let them pass for the host itself.
  chain guard {
    type filter hook prerouting priority raw
    iifname @bridges ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat - 10
    # From elsewhere than this host, such packets are crafted: translated, they would get past the kernel's own check.
    ip daddr 127.0.0.0/8 return
    # Translated they might be bridged from one isolated port to another, which drops them: the proxies carry them.
    iifname @apart return
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
    snat ip to ip saddr map @leaves4
    snat ip6 to ip6 saddr map @leaves6
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
    iifname . oifname @closed drop
  }
  chain leaving {
    ct state established,related return
    iifname . oifname @same return
    iifname @internal drop
    ct status dnat return
    jump direct
    meta oifkind "bridge" drop
  }
  chain entering {
    ct state established,related return
    iifname . oifname @same return
    oifname @internal drop
    ct status dnat return
    jump direct
    iifname . ip daddr . meta l4proto . th dport @trusted4 return
    iifname . ip6 daddr . meta l4proto . th dport @trusted6 return
    ip daddr @open4 return
    ip6 daddr @open6 return
    drop
  }
  # On containers' own addresses, where those are routed.
  chain direct {
    ip daddr . meta l4proto . th dport @direct4 accept
    ip6 daddr . meta l4proto . th dport @direct6 accept
    ip daddr @routed4 meta l4proto icmp accept
    ip6 daddr @routed6 meta l4proto ipv6-icmp accept
  }
`

/** How many chains the table has. */
export const chainCount = chains.match(/^ {2}chain /gm)?.length ?? 0

export type Change = 'add' | 'delete'

const elements = (change: Change, table: string, set: string, items: readonly string[]) =>
  items.length === 0 ? '' : `${change} element inet ${table} ${set} { ${items.join(', ')} }\n`

export function networkElements(change: Change, table: string, network: FirewallNetwork): string {
  const { bridge, internal, icc, subnets } = network
  const name = `"${bridge}"`
  const byFamily = (family: 4 | 6) => {
    const own = subnets.filter(({ subnet }) => subnet.includes(':') === (family === 6))
    const those = (
      set: string,
      belongs: (one: FirewallSubnet) => boolean,
      item = (one: FirewallSubnet) => one.subnet,
    ) => elements(change, table, `${set}${family}`, own.filter(belongs).map(item))
    const translated = ({ subnet, leaves }: FirewallSubnet) => (change === 'add' ? `${subnet} : ${leaves}` : subnet)
    return [
      those(
        'local',
        () => true,
        ({ subnet }) => `${name} . ${subnet}`,
      ),
      those('outbound', ({ leaves }) => !internal && leaves === 'host'),
      those('leaves', ({ leaves }) => !internal && leaves !== 'host' && leaves !== 'itself', translated),
      those('routed', ({ entered }) => !internal && entered === 'routed'),
      those('open', ({ entered }) => !internal && entered === 'nat-unprotected'),
    ]
  }
  return [
    elements(change, table, 'bridges', [name]),
    elements(change, table, 'internal', internal ? [name] : []),
    // Apart, their packets do not pass by the host's own address on the bridge either.
    icc ? elements(change, table, 'same', [`${name} . ${name}`]) : elements(change, table, 'apart', [name]),
    // They stay as long as the table: other networks have the same.
    change === 'add' ? elements(change, table, 'closed', pairs(network.closed)) : '',
    ...byFamily(4),
    ...byFamily(6),
  ].join('')
}

/** What is bridged is forwarded from a device to the same. */
const pairs = (devices: readonly string[]): readonly string[] =>
  devices.flatMap(from => devices.filter(to => to !== from).map(to => `"${from}" . "${to}"`))

const isMapping = (rule: PortRule): rule is PortMapping => 'hostPort' in rule

/** What a rule is found by in its set or map, part by part. */
export function keyOf(rule: PortRule): { readonly device?: string; readonly address?: string; readonly port: number } {
  if (isMapping(rule)) return { ...(rule.hostIp !== undefined && { address: rule.hostIp }), port: rule.hostPort }
  return { ...(rule.from !== undefined && { device: rule.from }), address: rule.address, port: rule.port }
}

/** Where a rule leads; undefined for one that only lets through. */
export const leadsTo = (rule: PortRule): Pick<PortMapping, 'address' | 'port'> | undefined =>
  isMapping(rule) ? rule : undefined

export function portElements(change: Change, table: string, rules: readonly PortRule[]): string {
  const item = (rule: PortRule) => {
    const { device, address, port } = keyOf(rule)
    const key = [device && `"${device}"`, address, rule.protocol, port].filter(Boolean).join(' . ')
    const value = change === 'add' ? leadsTo(rule) : undefined
    return value ? `${key} : ${value.address} . ${value.port}` : key
  }
  return Object.entries(Object.groupBy(rules, setOf))
    .map(([set, those = []]) => elements(change, table, set, those.map(item)))
    .join('')
}

/**
 * The set or map in which a rule is. IPv6 has no way to translate what the host sends to ::1, so that is left to
 * proxies.
 */
export function setOf(rule: PortRule): string {
  const isIPv6 = rule.address.includes(':')
  if (isMapping(rule)) return `published${isIPv6 ? '6' : ''}${rule.hostIp === undefined ? '' : '_at'}`
  return `${rule.from === undefined ? 'direct' : 'trusted'}${isIPv6 ? '6' : '4'}`
}

/** The whole table, in place of one that is there. */
export const replaceTable = (table: string, networks: readonly FirewallNetwork[], rules: readonly PortRule[]): string =>
  [
    deleteTable(table),
    `table inet ${table} {${chains}}\n`,
    ...networks.map(network => networkElements('add', table, network)),
    portElements('add', table, rules),
  ].join('')

/** Also where there is none. */
export const deleteTable = (table: string): string => `add table inet ${table}\ndelete table inet ${table}\n`
