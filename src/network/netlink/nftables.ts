import { addressBytes } from '../addresses/address.ts'
import { type Change, keyOf, leadsTo, type PortRule, setOf } from '../firewall/ruleset.ts'
import { type Attributes, encodeAttributes, nested, raw, string, type Table, u32be } from './attributes.ts'
import { type Message, NLM_F } from './message.ts'

/**
 * nf_tables without its library (linux/netfilter/nf_tables.h), for what every container needs: four rules in its own
 * namespace, and elements for its published ports. libnftables would have to be set up in each namespace, and takes a
 * millisecond for what the kernel does in a tenth; and it waits with select(2), which ends the process when a descriptor
 * is 1024 or more, as they are with some hundred containers.
 */

const NFNL_SUBSYS_NFTABLES = 10
const BATCH = { BEGIN: 0x10, END: 0x11 } as const
const NFT_MSG = { NEWTABLE: 0, DELTABLE: 2, NEWCHAIN: 3, NEWRULE: 6, NEWSETELEM: 12, DELSETELEM: 14 } as const
const NFPROTO = { UNSPEC: 0, INET: 1, IPV4: 2 } as const
const IPPROTO = { tcp: 6, udp: 17, sctp: 132 } as const

/** struct nfgenmsg, in front of the attributes */
const body = <T extends Table>(family: number, resource: number, table: T, values: Attributes<T>): Buffer =>
  Buffer.concat([Buffer.from([family, 0, resource >> 8, resource & 255]), encodeAttributes(table, values)])

const message = (type: number, flags: number, body: Buffer, what: string): Message => ({
  type: (NFNL_SUBSYS_NFTABLES << 8) | type,
  flags,
  body,
  what,
})

/** Messages between these two take effect together, or not at all. Neither is acknowledged. */
const boundary = (type: number): Message => ({
  type,
  flags: 0,
  body: body(NFPROTO.UNSPEC, NFNL_SUBSYS_NFTABLES, {}, {}),
  what: 'nf_tables transaction',
  silent: true,
})

const tableAttributes = { name: string(1) } satisfies Table
const hook = { number: u32be(1), priority: u32be(2) } satisfies Table
const chainAttributes = { table: string(1), name: string(3), hook: nested(4, hook), type: string(7) } satisfies Table
const ruleAttributes = { table: string(1), chain: string(2), expressions: raw(4) } satisfies Table

/** An expression is a step of a rule: it loads into a register, compares one, or acts upon it. */
const expression = { name: string(1), data: raw(2) } satisfies Table
const value = { value: raw(1) } satisfies Table
const meta = { register: u32be(1), key: u32be(2) } satisfies Table
const payload = { register: u32be(1), base: u32be(2), offset: u32be(3), length: u32be(4) } satisfies Table
const payloadWrite = {
  base: u32be(2),
  offset: u32be(3),
  length: u32be(4),
  register: u32be(5),
  checksumType: u32be(6),
  checksumOffset: u32be(7),
} satisfies Table
const compare = { register: u32be(1), operation: u32be(2), data: nested(3, value) } satisfies Table
const immediate = { register: u32be(1), data: nested(2, value) } satisfies Table

const step = <T extends Table>(name: string, table: T, values: Attributes<T>): Buffer =>
  encodeAttributes({ element: nested(1, expression) }, { element: { name, data: encodeAttributes(table, values) } })

const NFT_META_L4PROTO = 16
const HEADER = { NETWORK: 1, TRANSPORT: 2 } as const
const NFT_PAYLOAD_CSUM_INET = 1

const isEqual = (bytes: Buffer) => step('cmp', compare, { register: 1, operation: 0, data: { value: bytes } })

const port = (number: number) => Buffer.from([number >> 8, number & 255])

const sourceAddress = 12
const destinationAddress = 16
const sourcePort = 0
const destinationPort = 2
const checksumOffset = { tcp: 16, udp: 6 } as const

/** `ip ADDRESS-FIELD 127.0.0.11 meta l4proto PROTOCOL th PORT-FIELD FROM th PORT-FIELD set TO` */
const renumber = (
  protocol: 'tcp' | 'udp',
  addressField: number,
  portField: number,
  { from, to }: { readonly from: number; readonly to: number },
): Buffer =>
  Buffer.concat([
    step('payload', payload, { register: 1, base: HEADER.NETWORK, offset: addressField, length: 4 }),
    isEqual(addressBytes('127.0.0.11')),
    step('meta', meta, { register: 1, key: NFT_META_L4PROTO }),
    isEqual(Buffer.from([IPPROTO[protocol]])),
    step('payload', payload, { register: 1, base: HEADER.TRANSPORT, offset: portField, length: 2 }),
    isEqual(port(from)),
    step('immediate', immediate, { register: 1, data: { value: port(to) } }),
    step('payload', payloadWrite, {
      base: HEADER.TRANSPORT,
      offset: portField,
      length: 2,
      register: 1,
      checksumType: NFT_PAYLOAD_CSUM_INET,
      checksumOffset: checksumOffset[protocol],
    }),
  ])

const table = 'tscompose_dns'
/** linux/netfilter.h and linux/netfilter_ipv4.h: first of all on the way out, last of all on the way in. */
const chains = {
  input: { number: 1, priority: 300 },
  output: { number: 3, priority: -300 },
} as const

const ipv4 = <T extends Table>(attributes: T, values: Attributes<T>) => body(NFPROTO.IPV4, 0, attributes, values)

const newTable = message(NFT_MSG.NEWTABLE, NLM_F.CREATE, ipv4(tableAttributes, { name: table }), 'adding table')
const deleteTable = message(NFT_MSG.DELTABLE, 0, ipv4(tableAttributes, { name: table }), 'deleting table')
const newChain = (name: keyof typeof chains) => {
  const { number, priority } = chains[name]
  const values = { table, name, hook: { number, priority: priority >>> 0 }, type: 'filter' }
  return message(NFT_MSG.NEWCHAIN, NLM_F.CREATE, ipv4(chainAttributes, values), 'adding chain')
}
const newChains = [newTable, newChain('input'), newChain('output')]
const newRule = (chain: keyof typeof chains, expressions: Buffer) =>
  message(
    NFT_MSG.NEWRULE,
    NLM_F.CREATE | NLM_F.APPEND,
    ipv4(ruleAttributes, { table, chain, expressions }),
    'adding rule',
  )

/**
 * Leads DNS queries of a container to the ports of its name server, and its answers back.
 *
 * Port numbers are exchanged where a query is about to be delivered and where an answer has just been made, so whatever
 * else filters packets in there sees nothing but port 53. A translation (`dnat`) would do the same, but have the kernel
 * track every connection of the container, which costs a tenth of a lookup and an entry for each.
 * @param isNew the namespace has no such rules yet; otherwise they are replaced
 */
export const redirectDns = (udpPort: number, tcpPort: number, isNew: boolean): readonly Message[] => {
  const rules = ([protocol, own]: readonly ['udp' | 'tcp', number]) => [
    newRule('input', renumber(protocol, destinationAddress, destinationPort, { from: 53, to: own })),
    newRule('output', renumber(protocol, sourceAddress, sourcePort, { from: own, to: 53 })),
  ]
  return [
    boundary(BATCH.BEGIN),
    ...(isNew ? [] : [newTable, deleteTable]),
    ...newChains,
    ...rules(['udp', udpPort]),
    ...rules(['tcp', tcpPort]),
    boundary(BATCH.END),
  ]
}

const setElements = { table: string(1), set: string(2), elements: raw(3) } satisfies Table
const setElement = { key: nested(1, value), data: nested(2, value) } satisfies Table

/** Parts of a key or a value: each takes a multiple of four bytes. */
const concatenated = (...parts: readonly Buffer[]): Buffer =>
  Buffer.concat(parts.map(part => Buffer.concat([part, Buffer.alloc(-part.length & 3)])))

/** A device's name as a key: IFNAMSIZ bytes. */
const deviceKey = (name: string) => Buffer.concat([Buffer.from(name)], 16)

/** The same as portElements() of the rule set, as one transaction of messages. */
export function changePorts(change: Change, ownTable: string, rules: readonly PortRule[]): readonly Message[] {
  const element = (rule: PortRule) => {
    const key = keyOf(rule)
    const parts = [
      ...(key.device === undefined ? [] : [deviceKey(key.device)]),
      ...(key.address === undefined ? [] : [addressBytes(key.address)]),
      Buffer.from([IPPROTO[rule.protocol]]),
      port(key.port),
    ]
    const value = change === 'add' ? leadsTo(rule) : undefined
    const item = {
      key: { value: concatenated(...parts) },
      ...(value && { data: { value: concatenated(addressBytes(value.address), port(value.port)) } }),
    }
    return encodeAttributes({ element: nested(1, setElement) }, { element: item })
  }
  const [type, flags] = change === 'add' ? [NFT_MSG.NEWSETELEM, NLM_F.CREATE] : [NFT_MSG.DELSETELEM, 0]
  const changes = Object.entries(Object.groupBy(rules, setOf)).map(([set, those = []]) => {
    const values = { table: ownTable, set, elements: Buffer.concat(those.map(element)) }
    return message(type, flags, body(NFPROTO.INET, 0, setElements, values), `${set}: ${change}`)
  })
  return [boundary(BATCH.BEGIN), ...changes, boundary(BATCH.END)]
}
