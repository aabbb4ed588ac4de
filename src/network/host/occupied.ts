import { type Address, formatAddress, parseAddress, readAddress, subnetAround } from '../addresses/address.ts'
import type { Occupied } from '../addresses/subnets.ts'
import { decodeLink, getLinks, type Link } from '../netlink/link.ts'
import { decodeAddress, decodeRoute, getAddresses, getRoutes, type LinkAddress, type Route } from '../netlink/route.ts'
import type { NetlinkSocket } from '../netlink/socket.ts'

const RT_TABLE_LOCAL = 255

/** Devices, addresses and routes of the host at one moment. */
export interface HostNetwork {
  readonly links: readonly Link[]
  readonly addresses: readonly LinkAddress[]
  readonly routes: readonly Route[]
}

export async function readHostNetwork(socket: NetlinkSocket): Promise<HostNetwork> {
  const [links, addresses, routes] = await Promise.all([
    socket.dump(getLinks()),
    socket.dump(getAddresses()),
    socket.dump(getRoutes()),
  ])
  return {
    links: links.map(decodeLink),
    addresses: addresses.map(decodeAddress).filter(address => address !== undefined),
    routes: routes.map(decodeRoute).filter(route => route !== undefined),
  }
}

/**
 * Which addresses a new network stays away from. A route wider than /8 is a default route in disguise (VPNs set two
 * halves of everything), so it says nothing about what is reachable by it.
 * @param resolvers a VPN's are often known by nothing else
 * @param nameOf what to call a device in messages
 */
export function occupiedOf(
  { links, addresses, routes }: HostNetwork,
  resolvers: readonly string[],
  nameOf: (link: Link) => string,
): readonly Occupied[] {
  const names = new Map(links.map(link => [link.index, nameOf(link)]))
  const around = (text: string, prefix: number) => subnetAround(parseAddress(text), prefix)
  return [
    ...addresses.map(({ index, address, prefixLength }) => ({
      subnet: around(address, prefixLength),
      by: names.get(index) ?? `interface ${index}`,
      exclusive: true,
    })),
    ...routes.flatMap(({ table, destination, prefixLength, outputInterface = 0 }) =>
      destination === undefined || table === RT_TABLE_LOCAL || prefixLength < 8
        ? []
        : [
            {
              subnet: around(destination, prefixLength),
              by: `a route by ${names.get(outputInterface) ?? 'no interface'}`,
              exclusive: false,
            },
          ],
    ),
    ...resolvers
      .map(readAddress)
      .filter((address): address is Address => address !== undefined)
      .map(address => ({
        subnet: subnetAround(address, address.family === 4 ? 32 : 128),
        by: `the resolver ${formatAddress(address)}`,
        exclusive: false,
      })),
  ]
}

/** The MTU of the device of the default route; 1500 on a machine without one. */
export function uplinkMtu({ links, routes }: HostNetwork): number {
  const uplinks = routes
    .filter(({ destination, table }) => destination === undefined && table !== RT_TABLE_LOCAL)
    .map(({ outputInterface }) => links.find(({ index }) => index === outputInterface)?.mtu ?? 1500)
  return uplinks.length === 0 ? 1500 : Math.min(...uplinks)
}
