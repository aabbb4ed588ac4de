import { createHash } from 'node:crypto'
import { TscomposeError } from '../../errors.ts'
import type { Network, NetworkSpec, SubnetSpec } from '../network.ts'
import {
  type Address,
  bitsOf,
  contains,
  type Family,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  type Subnet,
  sizeOf,
} from './address.ts'

/** Where subnets come from: `base` is cut into subnets of prefix length `size`. */
export interface Pool {
  readonly base: string
  readonly size: number
}

/** Docker's default-address-pools, which are 31 networks, and for more than that the block that Docker leaves out. */
export const defaultPools: readonly Pool[] = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/15', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/13', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
  { base: '172.16.0.0/16', size: 24 },
]

/** A range of addresses that is in use already. */
export interface Occupied {
  readonly subnet: Subnet
  /** In words: `interface eth0`, `network shop_default`, `a route by tun0`, `the resolver 10.0.0.53`. */
  readonly by: string
  /**
   * True: a network must not have it, not even if the user asks for it. Otherwise only automatic choice avoids it: who
   * names 10.5.0.0/16 although a route for 10.0.0.0/8 exists means that.
   */
  readonly exclusive: boolean
}

function* subnetsOf({ base, size }: Pool): Generator<Subnet> {
  const pool = parseSubnet(base)
  if (size < pool.prefix || size > bitsOf(pool.family))
    throw new TscomposeError('NETWORK_SUBNET_INVALID', `a pool ${base} cannot be cut into subnets of length ${size}`)
  const step = 1n << BigInt(bitsOf(pool.family) - size)
  for (let value = pool.base; value < pool.base + sizeOf(pool); value += step)
    yield { family: pool.family, base: value, prefix: size }
}

/** The first subnet of the pools that overlaps nothing. @throws TscomposeError NETWORK_POOL_EXHAUSTED */
export function chooseSubnet(pools: readonly Pool[], family: Family, occupied: readonly Occupied[]): Subnet {
  for (const pool of pools)
    for (const subnet of subnetsOf(pool))
      if (subnet.family === family && !occupied.some(other => overlaps(subnet, other.subnet))) return subnet
  const inPools = ({ subnet }: Occupied) => pools.some(({ base }) => overlaps(parseSubnet(base), subnet))
  throw new TscomposeError(
    'NETWORK_POOL_EXHAUSTED',
    `all predefined address pools have been fully subnetted: every subnet overlaps one of ${some(occupied.filter(inPools).map(({ by }) => by))}`,
    { fix: 'Remove networks that nobody uses, name a subnet (ipam), or extend default-address-pools.' },
  )
}

/** The first of these; there may be hundreds. */
function some(names: readonly string[], most = 5): string {
  const different = [...new Set(names)]
  const rest = different.length - most
  return different.slice(0, most).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

/** A unique local prefix (RFC 4193) that is a network's own, and the same each time. */
export function uniqueLocalSubnet(networkId: string): Subnet {
  const hash = createHash('sha256').update(networkId).digest('hex')
  return parseSubnet(`fd${hash.slice(0, 2)}:${hash.slice(2, 6)}:${hash.slice(6, 10)}:${hash.slice(10, 14)}::/64`)
}

function checkWithin(subnet: Subnet, text: string, what: string): Address {
  const address = parseAddress(text)
  if (contains(subnet, address)) return address
  throw new TscomposeError('NETWORK_SUBNET_INVALID', `${what} ${text} is not in the subnet ${formatSubnet(subnet)}`)
}

/** Parses what the user wrote and fills in the gateway: the first address of the range. */
function complete(spec: SubnetSpec, occupied: readonly Occupied[]): SubnetSpec & { readonly gateway: string } {
  const subnet = parseSubnet(spec.subnet)
  const clash = occupied.find(other => other.exclusive && overlaps(subnet, other.subnet))
  if (clash)
    throw new TscomposeError(
      'NETWORK_SUBNET_OVERLAPS',
      `Pool overlaps with other one on this address space: ${formatSubnet(subnet)} overlaps ${formatSubnet(clash.subnet)} of ${clash.by}`,
      { fix: 'Name another subnet, or leave it out to have a free one chosen.' },
    )
  const range = spec.ipRange === undefined ? subnet : parseSubnet(spec.ipRange)
  if (range.prefix < subnet.prefix || !contains(subnet, { family: range.family, value: range.base }))
    throw new TscomposeError(
      'NETWORK_SUBNET_INVALID',
      `the address range ${spec.ipRange} is not in the subnet ${formatSubnet(subnet)}`,
    )
  for (const [name, address] of Object.entries(spec.auxAddresses ?? {}))
    checkWithin(subnet, address, `the auxiliary address "${name}"`)
  const gateway =
    spec.gateway === undefined
      ? { family: range.family, value: range.base + (range.base === subnet.base ? 1n : 0n) }
      : checkWithin(subnet, spec.gateway, 'the gateway')
  return { ...spec, subnet: formatSubnet(subnet), gateway: formatAddress(gateway) }
}

/**
 * Every subnet of a network that is to be made: those the user names, checked, and one for each enabled family that
 * has none.
 * @throws TscomposeError NETWORK_SUBNET_INVALID, NETWORK_SUBNET_OVERLAPS, NETWORK_POOL_EXHAUSTED
 */
export function decideSubnets(
  spec: Pick<NetworkSpec, 'id' | 'name' | 'enableIPv4' | 'enableIPv6' | 'subnets'>,
  pools: readonly Pool[],
  occupied: readonly Occupied[],
): Network['subnets'] {
  if (!spec.enableIPv4 && !spec.enableIPv6)
    throw new TscomposeError('NETWORK_SUBNET_INVALID', `network ${spec.name}: IPv4 or IPv6 must be enabled`)
  const families = spec.subnets.map(({ subnet }) => familyOf(subnet))
  const subnets: (SubnetSpec & { readonly gateway: string })[] = []
  for (const subnet of spec.subnets) {
    const own = subnets.map(({ subnet }) => ({ subnet: parseSubnet(subnet), by: 'the same network', exclusive: true }))
    subnets.push(complete(subnet, [...occupied, ...own]))
  }
  const add = (subnet: Subnet) => subnets.push(complete({ subnet: formatSubnet(subnet) }, []))
  if (spec.enableIPv4 && !families.includes(4)) add(chooseSubnet(pools, 4, occupied))
  if (spec.enableIPv6 && !families.includes(6)) add(uniqueLocalSubnet(spec.id))
  const enabled = [...(spec.enableIPv4 ? [4] : []), ...(spec.enableIPv6 ? [6] : [])]
  return subnets.filter(({ subnet }) => enabled.includes(familyOf(subnet)))
}

export const familyOf = (subnet: string): Family => (subnet.includes(':') ? 6 : 4)

/** The subnets of a family: containers get addresses of the first, and of the next when it is full. */
export const subnetsOfFamily = ({ subnets }: Pick<Network, 'subnets'>, family: Family): Network['subnets'] =>
  subnets.filter(({ subnet }) => familyOf(subnet) === family)
