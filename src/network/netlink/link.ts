import {
  type Attributes,
  decodeAttributes,
  encodeAttributes,
  macAddress,
  nested,
  raw,
  string,
  type Table,
  u8,
  u16,
  u32,
} from './attributes.ts'
import { type Message, NLM_F, type Reply } from './message.ts'

/**
 * Network devices, rtnetlink(7). What is made here are values, sent by NetlinkSocket; the names are those of
 * linux/if_link.h.
 */

const RTM = { NEWLINK: 16, DELLINK: 17, GETLINK: 18, SETLINK: 19 } as const
const AF_INET6 = 10
const IFF_UP = 1
/** IF_OPER_UP, linux/if.h */
export const OPERSTATE_UP = 6

const bridgePort = { mode: u8(4), isolated: u8(33) } satisfies Table
const linkInfo = {
  kind: string(1),
  data: raw(2),
  slaveKind: string(4),
  slaveData: nested(5, bridgePort),
} satisfies Table
const inet6 = { addrGenMode: u8(8) } satisfies Table
const afSpec = { inet6: nested(AF_INET6, inet6) } satisfies Table

const linkAttributes = {
  address: macAddress(1),
  name: string(3),
  mtu: u32(4),
  link: u32(5),
  master: u32(10),
  operstate: u8(16),
  linkInfo: nested(18, linkInfo),
  afSpec: nested(26, afSpec),
  group: u32(27),
  netnsFd: u32(28),
  alias: string(20),
} satisfies Table

type LinkAttributes = Attributes<typeof linkAttributes>

/** struct ifinfomsg */
interface LinkHeader {
  readonly index?: number
  readonly up?: boolean
}

function linkBody({ index = 0, up }: LinkHeader, attributes: LinkAttributes): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(index, 4)
  if (up !== undefined) {
    header.writeUInt32LE(up ? IFF_UP : 0, 8)
    header.writeUInt32LE(IFF_UP, 12) // the mask: which flags are changed
  }
  return Buffer.concat([header, encodeAttributes(linkAttributes, attributes)])
}

const newLink = (header: LinkHeader, attributes: LinkAttributes): Message => ({
  type: RTM.NEWLINK,
  flags: NLM_F.CREATE | NLM_F.EXCL,
  body: linkBody(header, attributes),
  what: `adding ${attributes.linkInfo?.kind ?? 'link'} ${attributes.name}`,
})

/** A bridge. Without an address of its own it would take, and change, that of its lowest port. */
export const newBridge = (bridge: { name: string; address: string; mtu: number }): Message =>
  newLink({}, { ...bridge, linkInfo: { kind: 'bridge' } })

/** IN6_ADDR_GEN_MODE_NONE: no link-local address, and none of the router solicitations that come with one. */
const noLinkLocal = { inet6: { addrGenMode: 1 } }

export const bringUpBridge = (name: string, alias: string): Message =>
  setLink(name, { alias, afSpec: noLinkLocal, up: true })

/** VETH_INFO_PEER; its value is a struct ifinfomsg and attributes. */
const VETH_INFO_PEER = 1

/**
 * A veth pair: one end is a port of the bridge `master`, the other appears in the namespace `netnsFd`. Both are down.
 * The numbers of both are chosen by the caller, which saves asking for them; the kernel takes that of the peer only
 * along with the other.
 */
export const newVeth = (veth: {
  name: string
  index: number
  master: number
  mtu: number
  peer: { name: string; index: number; address: string; netnsFd: number }
}): Message => {
  const { index, peer, ...host } = veth
  const { index: peerIndex, ...peerAttributes } = peer
  const peerBody = linkBody({ index: peerIndex }, { ...peerAttributes, mtu: host.mtu })
  const data = encodeAttributes({ peer: raw(VETH_INFO_PEER) }, { peer: peerBody })
  return newLink({ index }, { ...host, linkInfo: { kind: 'veth', data } })
}

/** A device that leads nowhere. */
export const newDummy = (name: string): Message => newLink({}, { name, linkInfo: { kind: 'dummy' } })

const vlanData = { id: u16(1) } satisfies Table

/** What is tagged with a VLAN's number on the device `link`. */
export const newVlan = ({ name, link, id }: { name: string; link: number; id: number }): Message =>
  newLink({}, { name, link, linkInfo: { kind: 'vlan', data: encodeAttributes(vlanData, { id }) } })

const macvlanData = { mode: u32(1) } satisfies Table
const ipvlanData = { mode: u16(1), flags: u16(2) } satisfies Table

/** A device of its own on the parent `link`, in the namespace `netnsFd`; it is down. */
export const newChild = ({
  index,
  ...child
}: {
  name: string
  index: number
  link: number
  netnsFd: number
  mtu: number
} & (
  | { readonly kind: 'macvlan'; readonly mode: number; readonly address?: string }
  | { readonly kind: 'ipvlan'; readonly mode: number; readonly flags: number }
)): Message => {
  const { kind, mode, name, link, netnsFd, mtu } = child
  const data =
    kind === 'macvlan'
      ? encodeAttributes(macvlanData, { mode })
      : encodeAttributes(ipvlanData, { mode, flags: child.flags })
  const address = kind === 'macvlan' ? child.address : undefined
  return newLink({ index }, { name, link, netnsFd, mtu, address, linkInfo: { kind, data } })
}

export const setLink = (
  which: number | string,
  { up, ...attributes }: LinkAttributes & { readonly up?: boolean },
): Message => ({
  type: RTM.SETLINK,
  flags: 0,
  body: linkBody(
    { ...(typeof which === 'number' && { index: which }), ...(up !== undefined && { up }) },
    { ...(typeof which === 'string' && { name: which }), ...attributes },
  ),
  what: `setting link ${which}`,
})

/**
 * Brings a bridge port up. Hairpin: what comes in by a port may leave by it, so that a container reaches its own
 * published ports also where bridged packets pass the firewall (bridge-nf-call-iptables). Isolated ports do not talk to
 * each other.
 */
export const bringUpPort = (name: string, alias: string, isolated: boolean): Message => ({
  type: RTM.NEWLINK, // SETLINK ignores IFLA_LINKINFO
  flags: 0,
  body: linkBody(
    { up: true },
    {
      name,
      alias,
      afSpec: noLinkLocal,
      linkInfo: { slaveKind: 'bridge', slaveData: { mode: 1, isolated: isolated ? 1 : 0 } },
    },
  ),
  what: `setting link ${name}`,
})

export const deleteLink = (which: number | string): Message => ({
  type: RTM.DELLINK,
  flags: 0,
  body: linkBody(typeof which === 'number' ? { index: which } : {}, typeof which === 'string' ? { name: which } : {}),
  what: `deleting link ${which}`,
})

/** Deletes all links of a group: many cost hardly more than one. */
export const deleteLinkGroup = (group: number): Message => ({
  type: RTM.DELLINK,
  flags: 0,
  body: linkBody({}, { group }),
  what: `deleting link group ${group}`,
})

export const getLink = (which: number | string): Message => ({
  type: RTM.GETLINK,
  flags: 0,
  body: linkBody(typeof which === 'number' ? { index: which } : {}, typeof which === 'string' ? { name: which } : {}),
  what: `asking for link ${which}`,
})

export const getLinks = (): Message => ({
  type: RTM.GETLINK,
  flags: NLM_F.DUMP,
  body: linkBody({}, {}),
  what: 'listing links',
})

export interface Link extends LinkAttributes {
  readonly index: number
  readonly up: boolean
}

export const decodeLink = ({ body }: Reply): Link => ({
  ...decodeAttributes(linkAttributes, body.subarray(16)),
  index: body.readInt32LE(4),
  up: (body.readUInt32LE(8) & IFF_UP) !== 0,
})
