import { parseAddress } from '../addresses/address.ts'
import { decodeAttributes, encodeAttributes, ipAddress, type Table, u32 } from './attributes.ts'
import { type Message, NLM_F, type Reply } from './message.ts'

/** Addresses and routes, rtnetlink(7), by the names of linux/if_addr.h and rtnetlink.h. */

const RTM = { NEWADDR: 20, GETADDR: 22, NEWROUTE: 24, GETROUTE: 26 } as const
const AF = { INET: 2, INET6: 10 } as const

const addressAttributes = { address: ipAddress(1), local: ipAddress(2) } satisfies Table
const routeAttributes = {
  destination: ipAddress(1),
  outputInterface: u32(4),
  gateway: ipAddress(5),
  priority: u32(6),
} satisfies Table

const familyOf = (address: string) => (parseAddress(address).family === 4 ? AF.INET : AF.INET6)

/** struct ifaddrmsg */
function addressBody(index: number, address: string, prefixLength: number): Buffer {
  const IFA_F_NODAD = 2 // else an IPv6 address cannot be used for a second or two
  const family = familyOf(address)
  const header = Buffer.from([family, prefixLength, family === AF.INET6 ? IFA_F_NODAD : 0, 0])
  const indexBytes = Buffer.alloc(4)
  indexBytes.writeUInt32LE(index)
  return Buffer.concat([header, indexBytes, encodeAttributes(addressAttributes, { address, local: address })])
}

export const newAddress = (index: number, address: string, prefixLength: number): Message => ({
  type: RTM.NEWADDR,
  flags: NLM_F.CREATE | NLM_F.EXCL,
  body: addressBody(index, address, prefixLength),
  what: `adding address ${address}/${prefixLength}`,
})

export const getAddresses = (): Message => ({
  type: RTM.GETADDR,
  flags: NLM_F.DUMP,
  body: Buffer.alloc(8),
  what: 'listing addresses',
})

export interface LinkAddress {
  readonly index: number
  readonly address: string
  readonly prefixLength: number
}

/** @returns undefined for an address that is neither IPv4 nor IPv6 */
export function decodeAddress({ body }: Reply): LinkAddress | undefined {
  const { local, address } = decodeAttributes(addressAttributes, body.subarray(8))
  const own = local ?? address // on a point-to-point link `address` is the other side
  return own === undefined ? undefined : { index: body.readUInt32LE(4), address: own, prefixLength: body.readUInt8(1) }
}

const RT_SCOPE = { UNIVERSE: 0, LINK: 253 } as const

/** struct rtmsg of a route in the main table */
function routeHeader(family: number, prefixLength: number, scope: number): Buffer {
  const RT_TABLE_MAIN = 254
  const RTPROT_BOOT = 3
  const RTN_UNICAST = 1
  return Buffer.from([family, prefixLength, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, scope, RTN_UNICAST, 0, 0, 0, 0])
}

/** The default route by `gateway`, in place of any there is. */
export const replaceDefaultRoute = (index: number, gateway: string): Message => ({
  type: RTM.NEWROUTE,
  flags: NLM_F.CREATE | NLM_F.REPLACE,
  body: Buffer.concat([
    routeHeader(familyOf(gateway), 0, RT_SCOPE.UNIVERSE),
    encodeAttributes(routeAttributes, { gateway, outputInterface: index }),
  ]),
  what: `adding the default route by ${gateway}`,
})

/** A default route that asks nobody: everything goes out by the device. */
export const replaceDeviceRoute = (index: number, family: 4 | 6): Message => ({
  type: RTM.NEWROUTE,
  flags: NLM_F.CREATE | NLM_F.REPLACE,
  body: Buffer.concat([
    routeHeader(family === 4 ? AF.INET : AF.INET6, 0, family === 4 ? RT_SCOPE.LINK : RT_SCOPE.UNIVERSE),
    encodeAttributes(routeAttributes, { outputInterface: index }),
  ]),
  what: 'adding the default route',
})

/** Asks by which route packets would go to an IPv6 address. */
export const getRoute = (address: string): Message => ({
  type: RTM.GETROUTE,
  flags: 0,
  body: Buffer.concat([
    Buffer.from([AF.INET6, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    encodeAttributes(routeAttributes, { destination: address }),
  ]),
  what: `asking for the route to ${address}`,
})

/** Whether a route leads to this very namespace. */
export function isLocal({ body }: Reply): boolean {
  const RTN_LOCAL = 2
  return body.readUInt8(7) === RTN_LOCAL
}

export const getRoutes = (): Message => ({
  type: RTM.GETROUTE,
  flags: NLM_F.DUMP,
  body: Buffer.alloc(12),
  what: 'listing routes',
})

/** A route of any table; without a destination it is a default route. */
export interface Route {
  readonly table: number
  readonly prefixLength: number
  readonly destination?: string | undefined
  readonly gateway?: string | undefined
  readonly outputInterface?: number | undefined
  readonly priority?: number | undefined
}

/** @returns undefined for a route that is neither IPv4 nor IPv6 */
export function decodeRoute({ body }: Reply): Route | undefined {
  const family = body.readUInt8(0)
  if (family !== AF.INET && family !== AF.INET6) return undefined
  const attributes = decodeAttributes(routeAttributes, body.subarray(12))
  return { table: body.readUInt8(4), prefixLength: body.readUInt8(1), ...attributes }
}
