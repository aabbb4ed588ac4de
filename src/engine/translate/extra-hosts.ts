import { isIP } from 'node:net'
import { invalid } from '../failures.ts'

/** A line of hosts(5). */
export interface HostEntry {
  readonly address: string
  readonly names: readonly string[]
}

const GATEWAY = 'host-gateway'

/** `name:address` or `name=address`; IPv6 addresses may be in brackets. */
export function parseExtraHost(text: string): { name: string; address: string } {
  const match = /^([^=:]+)[=:](.+)$/s.exec(text)
  const [, name = '', raw = ''] = match ?? []
  const address = raw.replace(/^\[(.*)\]$/, '$1')
  if (!match || (address !== GATEWAY && isIP(address) === 0)) {
    throw invalid(match ? `invalid IP address in add-host: "${raw}"` : `bad format for add-host: "${text}"`)
  }
  return { name, address }
}

/**
 * `ExtraHosts` as lines of /etc/hosts.
 * @param gateway the address at which the container reaches the host
 */
export const translateExtraHosts = (extraHosts: readonly string[], gateway: string | undefined): HostEntry[] =>
  extraHosts.map(text => {
    const { name, address } = parseExtraHost(text)
    if (address !== GATEWAY) return { address, names: [name] }
    if (gateway === undefined) throw invalid('unable to derive the IP value for host-gateway')
    return { address: gateway, names: [name] }
  })

const always: readonly HostEntry[] = [
  { address: '127.0.0.1', names: ['localhost'] },
  { address: '::1', names: ['localhost', 'ip6-localhost', 'ip6-loopback'] },
  { address: 'fe00::', names: ['ip6-localnet'] },
  { address: 'ff00::', names: ['ip6-mcastprefix'] },
  { address: 'ff02::1', names: ['ip6-allnodes'] },
  { address: 'ff02::2', names: ['ip6-allrouters'] },
]

/** The text of a container's /etc/hosts. */
export const renderHosts = (entries: readonly HostEntry[]): string =>
  [...always, ...entries].map(({ address, names }) => `${address}\t${names.join(' ')}\n`).join('')

/** The names under which a container knows its own address. */
export const ownNames = (hostname: string, domainname: string | undefined): string[] =>
  domainname ? [`${hostname}.${domainname}`, hostname] : [hostname]
