import { TscomposeError } from '../../errors.ts'
import type { Network } from '../network.ts'
import {
  type Address,
  addressBytes,
  bitsOf,
  contains,
  formatAddress,
  parseAddress,
  parseSubnet,
  sizeOf,
} from './address.ts'

type SubnetWithGateway = Network['subnets'][number]
type Subnets = readonly [SubnetWithGateway, ...SubnetWithGateway[]]

/** What address a key had last, for one family of one network; the one least recently used first. */
export type Leases = ReadonlyMap<string, string>

export interface AddressRequest {
  /** Those of the network, of one family. */
  readonly subnets: Subnets
  /** Who asks: the same key gets the same address again while that is free. */
  readonly key: string
  /** A fixed address. */
  readonly wanted?: string | undefined
  /** Addresses of the network's containers, and who has them, for messages. */
  readonly inUse: ReadonlyMap<string, string>
  readonly leases: Leases
}

/** An address, and in which of the subnets it is. */
export interface ChosenAddress {
  readonly address: string
  readonly subnet: SubnetWithGateway
}

/**
 * The address for a new endpoint: the fixed one, or that which the key had, or the lowest that was never given, or,
 * when none is left in any of the subnets, that which has been out of use for longest.
 * @throws TscomposeError NETWORK_ADDRESS_OUTSIDE, NETWORK_ADDRESS_TAKEN, NETWORK_POOL_EXHAUSTED
 */
export function chooseAddress({ subnets, key, wanted, inUse, leases }: AddressRequest): ChosenAddress {
  const reserved = reservedIn(subnets)
  const holder = (address: string) => reserved.get(address) ?? inUse.get(address)
  if (wanted !== undefined) return fixed(subnets, normal(wanted), holder)

  const ranges = subnets.map(subnet => ({ subnet, range: parseSubnet(subnet.ipRange ?? subnet.subnet) }))
  /** In its subnet, if it is in the range of one and nobody has it. */
  const free = (address: string): ChosenAddress | undefined => {
    if (holder(address) !== undefined) return undefined
    const parsed = parseAddress(address)
    const found = ranges.find(({ subnet, range }) => contains(range, parsed) && isHost(subnet, parsed))
    return found && { address, subnet: found.subnet }
  }

  const last = leases.get(key)
  const again = last === undefined ? undefined : free(last)
  if (again) return again
  const leased = new Set(leases.values())
  for (const { range } of ranges)
    for (let value = range.base; value < range.base + sizeOf(range); value++) {
      const address = formatAddress({ family: range.family, value })
      const found = leased.has(address) ? undefined : free(address)
      if (found) return found
    }
  for (const address of leased) {
    const found = free(address)
    if (found) return found
  }
  throw new TscomposeError(
    'NETWORK_POOL_EXHAUSTED',
    `no available addresses: all of ${subnets.map(({ ipRange, subnet }) => ipRange ?? subnet).join(' and ')} are in use`,
    { fix: 'Give the network a larger subnet (ipam).' },
  )
}

/** What no container gets, and why. */
const reservedIn = (subnets: Subnets): ReadonlyMap<string, string> =>
  new Map(
    subnets.flatMap(({ gateway, auxAddresses = {} }): [string, string][] => [
      [normal(gateway), 'the gateway'],
      ...Object.entries(auxAddresses).map(([name, address]): [string, string] => [
        normal(address),
        `the auxiliary address "${name}"`,
      ]),
    ]),
  )

function fixed(subnets: Subnets, address: string, holder: (address: string) => string | undefined): ChosenAddress {
  const subnet = subnets.find(one => isHost(one, parseAddress(address)))
  if (subnet === undefined) {
    const all = subnets.map(({ subnet }) => subnet)
    throw new TscomposeError(
      'NETWORK_ADDRESS_OUTSIDE',
      `the address ${address} is not in the ${all.length === 1 ? 'subnet' : 'subnets'} ${all.join(' and ')}`,
    )
  }
  const by = holder(address)
  if (by === undefined) return { address, subnet }
  throw new TscomposeError('NETWORK_ADDRESS_TAKEN', `Address already in use: ${address} belongs to ${by}`)
}

const normal = (address: string) => formatAddress(parseAddress(address))

/** Neither the subnet's own address nor, in IPv4, its broadcast address. A /31 and a /32 have neither (RFC 3021). */
function isHost({ subnet: text }: SubnetWithGateway, address: Address): boolean {
  const subnet = parseSubnet(text)
  if (!contains(subnet, address)) return false
  if (bitsOf(subnet.family) - subnet.prefix <= 1) return true
  if (address.value === subnet.base) return false
  return subnet.family === 6 || address.value !== subnet.base + sizeOf(subnet) - 1n
}

/** `02:42:` and the end of the address: a new container with an old address is found in its neighbours' caches. */
export const macFromAddress = (address: string): string =>
  ['02', '42', ...[...addressBytes(address).subarray(-4)].map(byte => byte.toString(16).padStart(2, '0'))].join(':')
