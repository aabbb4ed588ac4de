import { readFileSync, writeFileSync } from 'node:fs'
import { parseDeviceAlias } from '../instance.ts'
import type { Link } from '../netlink/link.ts'

/**
 * net.ipv4.ip_forward, which everything that leaves or enters a network needs. An engine that finds it off switches it
 * on and marks its bridges so (in their aliases); an engine that finds it on beside a marked bridge of another marks
 * its own. Whoever removes the last marked bridge switches it off again, unless a device is there that routes for
 * somebody else. All of this happens under the host's lock.
 */

const switchFile = '/proc/sys/net/ipv4/ip_forward'

/** @returns whether our engines have switched it on: the mark for a new bridge */
export function switchForwardingOn(links: readonly Link[]): boolean {
  if (readFileSync(switchFile, 'utf8').trim() === '0') {
    writeFileSync(switchFile, '1')
    return true
  }
  return links.some(isMarked)
}

/** @param links what will be left when the marked bridges have gone that are about to be removed */
export function switchForwardingOff(links: readonly Link[]): void {
  const isOurs = ({ alias }: Link) => parseDeviceAlias(alias) !== undefined
  const stillNeeded = links.some(
    link => isMarked(link) || (!isOurs(link) && routingKinds.has(link.linkInfo?.kind ?? '')),
  )
  if (!stillNeeded) writeFileSync(switchFile, '0')
}

/** Devices of others (Docker, libvirt, a VPN) that are no use without forwarding, or may be in use as routers. */
const routingKinds = new Set(['bridge', 'wireguard', 'tun', 'vxlan', 'macvlan', 'ipvlan'])

function isMarked({ alias }: Link): boolean {
  const purpose = parseDeviceAlias(alias)?.purpose
  return purpose?.kind === 'network' && purpose.switchedForwardingOn
}
