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

/** What address a key had last, for one family of one network; the one least recently used first. */
export type Leases = ReadonlyMap<string, string>

export interface AddressRequest {
  readonly subnet: SubnetWithGateway
  /** Who asks: the same key gets the same address again while that is free. */
  readonly key: string
  /** A fixed address. */
  readonly wanted?: string | undefined
  /** Addresses of the network's containers, and who has them, for messages. */
  readonly inUse: ReadonlyMap<string, string>
  readonly leases: Leases
}

/**
 * The address for a new endpoint: the fixed one, or that which the key had, or the lowest that was never given, or,
 * when none is left, that which has been out of use for longest.
 * @throws TscomposeError NETWORK_ADDRESS_OUTSIDE, NETWORK_ADDRESS_TAKEN, NETWORK_POOL_EXHAUSTED
 */
export function chooseAddress({ subnet, key, wanted, inUse, leases }: AddressRequest): string {
  const reserved = new Map<string, string>([[normal(subnet.gateway), 'the gateway']])
  for (const [name, address] of Object.entries(subnet.auxAddresses ?? {}))
    reserved.set(normal(address), `the auxiliary address "${name}"`)
  const holder = (address: string) => reserved.get(address) ?? inUse.get(address)

  if (wanted !== undefined) {
    const address = normal(wanted)
    if (!isHost(subnet, parseAddress(address)))
      throw new TscomposeError(
        'NETWORK_ADDRESS_OUTSIDE',
        `the address ${address} is not in the subnet ${subnet.subnet}`,
      )
    const by = holder(address)
    if (by === undefined) return address
    throw new TscomposeError('NETWORK_ADDRESS_TAKEN', `Address already in use: ${address} belongs to ${by}`)
  }

  const range = parseSubnet(subnet.ipRange ?? subnet.subnet)
  const isFree = (address: string) =>
    holder(address) === undefined && contains(range, parseAddress(address)) && isHost(subnet, parseAddress(address))

  const last = leases.get(key)
  if (last !== undefined && isFree(last)) return last
  const leased = new Set(leases.values())
  for (let value = range.base; value < range.base + sizeOf(range); value++) {
    const address = formatAddress({ family: range.family, value })
    if (!leased.has(address) && isFree(address)) return address
  }
  for (const address of leased) if (isFree(address)) return address
  throw new TscomposeError(
    'NETWORK_POOL_EXHAUSTED',
    `no available addresses: all of ${subnet.ipRange ?? subnet.subnet} are in use`,
    { fix: 'Give the network a larger subnet (ipam).' },
  )
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
