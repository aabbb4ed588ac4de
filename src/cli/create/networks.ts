import type { EndpointSettings } from '../../engine/api.ts'
import type { CreateFlags } from './flags.ts'
import { badFlag, pair, pairs, some } from './parsed.ts'

export interface Networks {
  readonly mode: string
  readonly endpoints: Record<string, EndpointSettings>
}

/** A network as `--network` names it: `name=…,alias=…,ip=…` */
interface Attachment {
  readonly target: string
  readonly aliases: string[]
  readonly driverOpts: string[]
  readonly ip?: string
  readonly ip6?: string
  readonly mac?: string
  readonly linkLocal: string[]
}

/** `--network` and the flags about the first of the networks. */
export function parseNetworkFlags(flags: CreateFlags): Networks {
  const [first = emptyAttachment('default'), ...others] = (flags.network ?? []).map(parseAttachment)
  const links = flags.link ?? []
  const extended = withFlags(first, flags)
  const isUserDefined = !/^(default|bridge|host|none|container:.*)$/.test(first.target)
  if (!isUserDefined && extended.aliases.length > 0)
    throw badFlag('network-scoped aliases are only supported for user-defined networks')
  if (!isUserDefined && (extended.ip || extended.ip6) && first.target !== 'bridge')
    throw badFlag('conflicting options: cannot attach both user-defined and non-user-defined network-modes')
  const all = [{ ...extended, links: isUserDefined ? links : [] }, ...others.map(other => ({ ...other, links: [] }))]
  const endpoints: Record<string, EndpointSettings> = {}
  for (const attachment of all) {
    if (endpoints[attachment.target]) throw badFlag(`network "${attachment.target}" is specified multiple times`)
    const settings = toSettings(attachment)
    // A network without settings of its own is what the network mode says by itself.
    if (all.length > 1 || Object.keys(settings).length > 0) endpoints[attachment.target] = settings
  }
  return { mode: first.target, endpoints }
}

const emptyAttachment = (target: string): Attachment => ({ target, aliases: [], driverOpts: [], linkLocal: [] })

function parseAttachment(text: string): Attachment {
  if (!/^\w[\w-]*=|,/.test(text)) return emptyAttachment(text)
  const attachment = { ...emptyAttachment(''), target: '' } as { -readonly [K in keyof Attachment]: Attachment[K] }
  for (const field of text.split(',')) {
    const [name, value] = pair(field)
    if (!field.includes('=')) throw badFlag(`invalid field ${field}`)
    switch (name.toLowerCase()) {
      case 'name':
        attachment.target = value
        break
      case 'alias':
        attachment.aliases.push(value)
        break
      case 'driver-opt':
        attachment.driverOpts.push(value)
        break
      case 'ip':
        attachment.ip = value
        break
      case 'ip6':
        attachment.ip6 = value
        break
      case 'mac-address':
        attachment.mac = value
        break
      case 'link-local-ip':
        attachment.linkLocal.push(value)
        break
      default:
        throw badFlag(`invalid field key ${name}`)
    }
  }
  if (attachment.target === '') throw badFlag('network name/id is not specified')
  return attachment
}

function withFlags(first: Attachment, flags: CreateFlags): Attachment {
  const conflicts: [boolean, string][] = [
    [first.aliases.length > 0 && !!flags.networkAlias?.length, 'network-alias and per-network alias'],
    [first.ip !== undefined && flags.ip !== undefined, 'ip and per-network IPv4 address'],
    [first.ip6 !== undefined && flags.ip6 !== undefined, 'ip6 and per-network IPv6 address'],
    [first.mac !== undefined && flags.macAddress !== undefined, 'mac-address and per-network MAC address'],
  ]
  const conflict = conflicts.find(([holds]) => holds)?.[1]
  if (conflict) throw badFlag(`conflicting options: cannot specify both --${conflict}`)
  return {
    ...first,
    aliases: [...first.aliases, ...(flags.networkAlias ?? [])],
    linkLocal: [...first.linkLocal, ...(flags.linkLocalIp ?? [])],
    ...some('ip', flags.ip ?? first.ip),
    ...some('ip6', flags.ip6 ?? first.ip6),
    ...some('mac', flags.macAddress ?? first.mac),
  }
}

function toSettings(attachment: Attachment & { readonly links: readonly string[] }): EndpointSettings {
  const { aliases, driverOpts, ip, ip6, mac, linkLocal, links } = attachment
  const addresses = {
    ...some('IPv4Address', ip),
    ...some('IPv6Address', ip6),
    ...some('LinkLocalIPs', linkLocal),
  }
  return {
    ...some('Aliases', aliases),
    ...some('Links', [...links]),
    ...some('MacAddress', mac),
    ...(driverOpts.length > 0 && { DriverOpts: pairs('--network driver-opt', driverOpts) }),
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
  }
}
