import type { InterfaceStats } from '../network.ts'
import { decodeAttributes, raw, type Table } from './attributes.ts'
import { type Message, NLM_F, type Reply } from './message.ts'

/** Counters of network devices and nothing else of them, linux/if_link.h: a seventh of what RTM_GETLINK answers. */

const RTM_GETSTATS = 94
/** struct if_stats_msg: family, padding, ifindex, filter_mask */
const HEADER = 12

const statsAttributes = { link64: raw(1) } satisfies Table
/** IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64) */
const FILTER_LINK_64 = 1

export const getAllStats = (): Message => {
  const body = Buffer.alloc(HEADER)
  body.writeUInt32LE(FILTER_LINK_64, 8)
  return { type: RTM_GETSTATS, flags: NLM_F.DUMP, body, what: 'asking for the counters of all links' }
}

export type Counters = Omit<InterfaceStats, 'name'>

export const indexOfStats = ({ body }: Reply): number => body.readUInt32LE(4)

/** struct rtnl_link_stats64 */
export function decodeCounters({ body }: Reply): Counters {
  const { link64 } = decodeAttributes(statsAttributes, body.subarray(HEADER))
  const counter = (index: number) => Number(link64?.readBigUInt64LE(index * 8) ?? 0n)
  return {
    rxPackets: counter(0),
    txPackets: counter(1),
    rxBytes: counter(2),
    txBytes: counter(3),
    rxErrors: counter(4),
    txErrors: counter(5),
    rxDropped: counter(6),
    txDropped: counter(7),
  }
}

/** The same seen from the other end of a veth pair: what one end sends is what the other receives. */
export const fromOtherEnd = (counters: Counters): Counters => ({
  rxPackets: counters.txPackets,
  rxBytes: counters.txBytes,
  rxErrors: counters.txErrors,
  rxDropped: counters.txDropped,
  txPackets: counters.rxPackets,
  txBytes: counters.rxBytes,
  txErrors: counters.rxErrors,
  txDropped: counters.rxDropped,
})
