import { decodeAttributes, encodeAttributes, nested, raw, type Table, u8, u16be, u32 } from './attributes.ts'
import { type Message, NLM_F, type Reply } from './message.ts'

/**
 * ctnetlink (linux/netfilter/nfnetlink_conntrack.h). A UDP "connection" that was seen before its port was published, or
 * while that led to another container, keeps its old path for as long as the client goes on sending. So what the kernel
 * remembers of a port is deleted when its mapping changes.
 */

const NFNL_SUBSYS_CTNETLINK = 1
const IPCTNL_MSG_CT_GET = 1
const IPCTNL_MSG_CT_DELETE = 2
/** struct nfgenmsg */
const HEADER = 4
const IPPROTO_UDP = 17
/** CTA_FILTER_FLAG(CTA_PROTO_NUM) and (CTA_PROTO_DST_PORT): which parts of the tuple are compared. */
const COMPARE_PROTOCOL_AND_DESTINATION_PORT = (1 << 3) | (1 << 5)

const protocol = { number: u8(1), destinationPort: u16be(3) } satisfies Table
const tuple = { protocol: nested(2, protocol) } satisfies Table
const filter = { originFlags: u32(1) } satisfies Table
/** The same attribute as bytes, with the mark that what it holds are attributes. */
const nestedOrigin = { tupleOrigin: raw(1 | 0x8000) } satisfies Table
const attributes = { tupleOrigin: nested(1, tuple), filter: nested(25, filter) } satisfies Table

const AF = { INET: 2, INET6: 10 } as const
/** What came for a port, by the family of its addresses. */
export interface UdpPort {
  readonly port: number
  readonly family: 4 | 6
}

function nfgenmsg(family: 4 | 6): Buffer {
  const NFNETLINK_V1 = 1 // any other than 0 makes the kernel look at the family
  return Buffer.from([family === 4 ? AF.INET : AF.INET6, NFNETLINK_V1, 0, 0])
}

/** Forgets all UDP traffic to a port of the host. Kernels before 6.3 refuse it: EINVAL. */
export function deleteUdpMappings({ port, family }: UdpPort): Message {
  const values = {
    tupleOrigin: { protocol: { number: IPPROTO_UDP, destinationPort: port } },
    filter: { originFlags: COMPARE_PROTOCOL_AND_DESTINATION_PORT },
  }
  return {
    type: (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE,
    flags: 0,
    body: Buffer.concat([nfgenmsg(family), encodeAttributes(attributes, values)]),
    what: `forgetting UDP port ${port}`,
  }
}

export const getMappings = (family: 4 | 6): Message => ({
  type: (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_GET,
  flags: NLM_F.DUMP,
  body: nfgenmsg(family),
  what: 'listing connections',
})

const listed = { tupleOrigin: raw(1) } satisfies Table

/** Forgets one connection of a list, if it is UDP to one of these ports. */
export function deleteIfUdpTo(ports: readonly number[], family: 4 | 6, { body }: Reply): Message | undefined {
  const { tupleOrigin } = decodeAttributes(listed, body.subarray(HEADER))
  const { protocol } = decodeAttributes(tuple, tupleOrigin ?? Buffer.alloc(0))
  if (!tupleOrigin || protocol?.number !== IPPROTO_UDP || !ports.includes(protocol.destinationPort ?? 0))
    return undefined
  return {
    type: (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE,
    flags: 0,
    body: Buffer.concat([nfgenmsg(family), encodeAttributes(nestedOrigin, { tupleOrigin })]),
    what: `forgetting a connection to UDP port ${protocol.destinationPort}`,
  }
}
