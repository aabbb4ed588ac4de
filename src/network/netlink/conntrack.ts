import { encodeAttributes, nested, type Table, u8, u16be, u32 } from './attributes.ts'
import type { Message } from './message.ts'

/**
 * ctnetlink (linux/netfilter/nfnetlink_conntrack.h). A UDP "connection" that was seen before its port was published, or
 * while that led to another container, keeps its old path for as long as the client goes on sending. So what the kernel
 * remembers of a port is deleted when its mapping changes.
 */

const NFNL_SUBSYS_CTNETLINK = 1
const IPCTNL_MSG_CT_DELETE = 2
const IPPROTO_UDP = 17
/** CTA_FILTER_FLAG(CTA_PROTO_NUM) and (CTA_PROTO_DST_PORT): which parts of the tuple are compared. */
const COMPARE_PROTOCOL_AND_DESTINATION_PORT = (1 << 3) | (1 << 5)

const protocol = { number: u8(1), destinationPort: u16be(3) } satisfies Table
const tuple = { protocol: nested(2, protocol) } satisfies Table
const filter = { originFlags: u32(1) } satisfies Table
const attributes = { tupleOrigin: nested(1, tuple), filter: nested(25, filter) } satisfies Table

const AF = { INET: 2, INET6: 10 } as const

/** Forgets all UDP traffic of a family to this port of the host. */
export function deleteUdpMappings(port: number, family: 4 | 6): Message {
  const NFNETLINK_V1 = 1 // any other than 0 makes the kernel look at the family
  const nfgenmsg = Buffer.from([family === 4 ? AF.INET : AF.INET6, NFNETLINK_V1, 0, 0])
  const values = {
    tupleOrigin: { protocol: { number: IPPROTO_UDP, destinationPort: port } },
    filter: { originFlags: COMPARE_PROTOCOL_AND_DESTINATION_PORT },
  }
  return {
    type: (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE,
    flags: 0,
    body: Buffer.concat([nfgenmsg, encodeAttributes(attributes, values)]),
    what: `forgetting UDP port ${port}`,
  }
}
