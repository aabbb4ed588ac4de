import type { DnsSpec } from '../network.ts'

/** resolv.conf(5), what we need of it. */
export interface ResolvConf {
  readonly nameservers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
}

export function parseResolvConf(text: string): ResolvConf {
  const lines = text
    .split('\n')
    .map(line =>
      line
        .replace(/[#;].*/, '')
        .trim()
        .split(/\s+/),
    )
    .filter(([keyword]) => keyword !== '')
  const values = (keyword: string) => lines.filter(([word]) => word === keyword).map(([, ...rest]) => rest)
  return {
    nameservers: values('nameserver').flatMap(([address]) => address ?? []),
    // `domain` is an older name for a search list of one; the last line of either counts.
    search: lines.findLast(([word]) => word === 'search' || word === 'domain')?.slice(1) ?? [],
    options: values('options').flat(),
  }
}

/**
 * The container's resolv.conf. Like Docker: search domains and options are the host's where none are given; a single
 * "." as search domain means none. `ndots:0` makes a service name an absolute one, so that it is asked for at once. The
 * servers that were asked for are those behind ours; who looks for them finds them in a comment.
 */
export function renderResolvConf({ servers, search, options }: DnsSpec, host: ResolvConf): string {
  const chosen = options.length > 0 ? options : host.options
  const allOptions = chosen.some(option => option.startsWith('ndots:')) ? chosen : [...chosen, 'ndots:0']
  const text = render({
    nameservers: ['127.0.0.11'],
    search: search.length > 0 ? search : host.search,
    options: allOptions,
  })
  return servers.length > 0 ? `${text}# ExtServers: [${servers.join(' ')}]\n` : text
}

/** That of a container without a network, where our server does not listen. */
export const renderUnconnectedResolvConf = ({ servers, search, options }: DnsSpec, host: ResolvConf): string =>
  render({
    nameservers: servers.length > 0 ? servers : host.nameservers,
    search: search.length > 0 ? search : host.search,
    options: options.length > 0 ? options : host.options,
  })

function render({ nameservers, search, options }: ResolvConf): string {
  const domains = search.filter(domain => domain !== '.')
  return [
    ...nameservers.map(address => `nameserver ${address}\n`),
    domains.length > 0 ? `search ${domains.join(' ')}\n` : '',
    options.length > 0 ? `options ${options.join(' ')}\n` : '',
  ].join('')
}
