import { BlockList, isIP } from 'node:net'
import { TscomposeError } from '../../errors.ts'
import { assertOnline } from '../../offline.ts'
import type { ImageStoreOptions } from '../image.ts'

/** Where a repository may be had from. */
export interface Endpoint {
  readonly url: URL
  /** A certificate that cannot be verified is taken. */
  readonly insecure: boolean
  /** The registry for which logins are kept, as image names have it. */
  readonly domain: string
}

type Options = Pick<ImageStoreOptions, 'registryMirrors' | 'insecureRegistries'>

/**
 * The endpoints of a registry in the order in which they are asked: mirrors before docker.io itself; TLS before plain
 * HTTP, which only loopback and the registries listed as insecure may be spoken to with.
 * @throws TscomposeError OFFLINE if no registry may be asked, REGISTRY_ERROR if a mirror is no URL
 */
export function endpointsOf(domain: string, { registryMirrors, insecureRegistries }: Options): readonly Endpoint[] {
  assertOnline(domain)
  const isInsecure = insecurity(insecureRegistries)
  if (domain === 'docker.io') {
    const mirrors = registryMirrors.map(text => {
      const url = parseUrl(text)
      return { url, insecure: isInsecure(url.host), domain: url.host }
    })
    return [...mirrors, { url: new URL('https://registry-1.docker.io/'), insecure: false, domain }]
  }
  const url = new URL(`https://${domain}/`)
  if (!isInsecure(domain)) return [{ url, insecure: false, domain }]
  return [
    { url, insecure: true, domain },
    { url: new URL(`http://${domain}/`), insecure: true, domain },
  ]
}

/** Entries are `host`, `host:port` or a block of addresses. */
function insecurity(entries: readonly string[]): (host: string) => boolean {
  const addresses = new BlockList()
  addresses.addSubnet('127.0.0.0', 8, 'ipv4')
  addresses.addAddress('::1', 'ipv6')
  const names = new Set(['localhost'])
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const version = isIP(address)
    if (bits !== undefined && version !== 0) addresses.addSubnet(address, Number(bits), version === 4 ? 'ipv4' : 'ipv6')
    else names.add(entry)
  }
  return host => {
    const { hostname } = new URL(`http://${host}/`)
    const name = hostname.replace(/^\[|\]$/g, '')
    const version = isIP(name)
    return (
      names.has(host) || names.has(name) || (version !== 0 && addresses.check(name, version === 4 ? 'ipv4' : 'ipv6'))
    )
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text.endsWith('/') ? text : `${text}/`)
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new TscomposeError('REGISTRY_ERROR', `the registry mirror is no URL: "${text}"`)
}
