import type { DnsSpec } from '../../network/network.ts'

/** The text of resolv.conf(5) for a container on the host's network: the host's own, with what the container says. */
export function hostResolvConf(host: string, { servers, search, options }: DnsSpec): string {
  const kept = host.split('\n').filter(line => {
    const [keyword] = line.trim().split(/\s+/, 1)
    if (keyword === 'nameserver') return servers.length === 0
    if (keyword === 'search' || keyword === 'domain') return search.length === 0
    return keyword !== 'options' || options.length === 0
  })
  const own = [
    ...servers.map(server => `nameserver ${server}`),
    // A single dot takes the host's search domains away, as with Docker.
    ...(search.length > 0 && search.join() !== '.' ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ]
  return [...kept.filter(line => line !== ''), ...own].map(line => `${line}\n`).join('')
}
