import { deleteIfUdpTo, deleteUdpMappings, getMappings } from '../netlink/conntrack.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'

const families = [4, 6] as const

/**
 * Makes the kernel forget all UDP traffic to these ports of the host: with one message each, or where it is too old for
 * that, by looking through what it remembers.
 */
export async function forgetUdp(netfilter: NetlinkSocket, ports: readonly number[]): Promise<void> {
  if (ports.length === 0) return
  try {
    await netfilter.request(...families.flatMap(family => ports.map(port => deleteUdpMappings({ port, family }))))
  } catch {
    for (const family of families) {
      const all = await netfilter.dump(getMappings(family))
      const messages = all.flatMap(reply => deleteIfUdpTo(ports, family, reply) ?? [])
      // One that has ended meanwhile is as good.
      await netfilter.request(...messages).catch(() => {})
    }
  }
}
