import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type ForwardingBefore, parseDeviceAlias } from '../instance.ts'
import type { Link } from '../netlink/link.ts'

/**
 * net.ipv4.ip_forward, which everything that leaves or enters a network needs. An engine that finds it off switches it
 * on and marks its bridges so (in their aliases); an engine that finds it on beside a marked bridge of another marks
 * its own. Whoever removes the last marked bridge switches it off again, unless a device is there that routes for
 * somebody else. All of this happens under the host's lock.
 *
 * The kernel changes more with that switch: forwarding of every single device, and whether redirects are accepted. So
 * the mark tells what was before; that is put back, and a host that was no router between two of its devices does not
 * become one by us.
 */

const conf = '/proc/sys/net/ipv4/conf'
const switchFile = '/proc/sys/net/ipv4/ip_forward'
const redirectsFile = `${conf}/all/accept_redirects`

const isOn = (file: string): boolean => readFileSync(file, 'utf8').trim() !== '0'

/**
 * What was before our engines have switched it on, or before they will: the mark for a new bridge. Undefined on a host
 * that forwards by itself.
 */
export function forwardingBefore(links: readonly Link[]): ForwardingBefore | undefined {
  if (isOn(switchFile)) return links.map(markOf).find(mark => mark !== undefined)
  const devices = readdirSync(conf).filter(name => name !== 'all')
  const open = devices.filter(name => isOn(`${conf}/${name}/forwarding`))
  const others = links.filter(isRouting).map(({ name }) => name)
  const closed = devices.filter(name => !['default', 'lo', ...open, ...others].includes(name))
  return { acceptsRedirects: isOn(redirectsFile), open, closed }
}

/** To be called when a marked bridge is there: whoever is killed leaves a host of which it can be told what it was. */
export function switchForwardingOn(): void {
  if (!isOn(switchFile)) writeFileSync(switchFile, '1')
}

/**
 * @param links what will be left when the marked bridges have gone that are about to be removed
 * @param before what those tell
 */
export function switchForwardingOff(links: readonly Link[], before: ForwardingBefore): void {
  const isOurs = ({ alias }: Link) => parseDeviceAlias(alias) !== undefined
  const stillNeeded = links.some(link => markOf(link) !== undefined || (!isOurs(link) && isRouting(link)))
  if (stillNeeded || !isOn(switchFile)) return
  // On while packets are forwarded: somebody has said so meanwhile.
  const acceptsRedirects = before.acceptsRedirects || isOn(redirectsFile)
  writeFileSync(switchFile, '0')
  writeFileSync(redirectsFile, acceptsRedirects ? '1' : '0')
  for (const device of before.open) {
    const file = `${conf}/${device}/forwarding`
    if (existsSync(file)) writeFileSync(file, '1')
  }
}

/** Devices of others (Docker, libvirt, a VPN) that are no use without forwarding, or may be in use as routers. */
const routingKinds = new Set(['bridge', 'wireguard', 'tun', 'vxlan', 'macvlan', 'ipvlan'])

const isRouting = ({ linkInfo }: Link): boolean => routingKinds.has(linkInfo?.kind ?? '')

function markOf({ alias }: Link): ForwardingBefore | undefined {
  const purpose = parseDeviceAlias(alias)?.purpose
  return purpose?.kind === 'network' ? purpose.forwardingBefore : undefined
}
