import { TscomposeError } from '../../errors.ts'

export type Family = 4 | 6

/** An address as a number, so that addresses of both families are counted and compared alike. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** Addresses that share their first `prefix` bits; `base` is the lowest of them. */
export interface Subnet {
  readonly family: Family
  readonly base: bigint
  readonly prefix: number
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128)

/**
 * Not with isIPv6() of node:net: the expression behind that takes 20 ms to compile.
 * @returns undefined unless `text` is an IPv4 or IPv6 address
 */
export function readAddress(text: string): Address | undefined {
  const value = text.includes(':') ? readIPv6(text) : readIPv4(text)
  return value === undefined ? undefined : { family: text.includes(':') ? 6 : 4, value }
}

function readIPv4(text: string): bigint | undefined {
  const bytes = text.split('.')
  const areBytes = bytes.every(byte => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256)
  return bytes.length === 4 && areBytes ? bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) : undefined
}

function readIPv6(text: string): bigint | undefined {
  // An embedded IPv4 address stands for the last two groups.
  const dotted = readIPv4(text.slice(text.lastIndexOf(':') + 1))
  const tail = dotted === undefined ? [] : [dotted >> 16n, dotted & 0xffffn].map(group => group.toString(16))
  const whole = dotted === undefined ? text : text.slice(0, text.lastIndexOf(':') + 1) + tail.join(':')
  const halves = whole.split('::')
  if (halves.length > 2) return undefined
  const [before = [], after = []] = halves.map(half => (half === '' ? [] : half.split(':')))
  const missing = 8 - before.length - after.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...before, ...new Array<string>(missing).fill('0'), ...after]
  if (!groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n)
}

/** @throws TscomposeError NETWORK_ADDRESS_INVALID */
export function parseAddress(text: string): Address {
  const address = readAddress(text)
  if (address === undefined) throw new TscomposeError('NETWORK_ADDRESS_INVALID', `"${text}" is not an IP address`)
  return address
}

/** The usual notation; of IPv6 the shortest (RFC 5952). */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 255n).join('.')
  const groups = value.toString(16).padStart(32, '0').match(/.{4}/g) ?? []
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1) // URL has the shortest form built in
}

/** In network byte order: 4 or 16 bytes. */
export function addressBytes(text: string): Buffer {
  const { family, value } = parseAddress(text)
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex')
}

export const addressFromBytes = (bytes: Uint8Array): string =>
  formatAddress({ family: bytes.length === 4 ? 4 : 6, value: BigInt(`0x${Buffer.from(bytes).toString('hex')}`) })

/** `172.18.0.0/16`. Bits beyond the prefix are cleared. @throws TscomposeError NETWORK_SUBNET_INVALID */
export function parseSubnet(text: string): Subnet {
  const [, base = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const address = readAddress(base)
  const prefix = Number(digits)
  if (address === undefined || digits === '' || prefix > bitsOf(address.family))
    throw new TscomposeError('NETWORK_SUBNET_INVALID', `"${text}" is not a subnet such as 172.28.0.0/16`)
  return subnetAround(address, prefix)
}

export const formatSubnet = (subnet: Subnet): string =>
  `${formatAddress({ family: subnet.family, value: subnet.base })}/${subnet.prefix}`

/** The subnet of length `prefix` in which `address` is. */
export function subnetAround({ family, value }: Address, prefix: number): Subnet {
  const hostBits = BigInt(bitsOf(family) - prefix)
  return { family, prefix, base: (value >> hostBits) << hostBits }
}

export const sizeOf = ({ family, prefix }: Subnet): bigint => 1n << BigInt(bitsOf(family) - prefix)

export const contains = (subnet: Subnet, { family, value }: Address): boolean =>
  family === subnet.family && value >= subnet.base && value < subnet.base + sizeOf(subnet)

export const overlaps = (a: Subnet, b: Subnet): boolean =>
  a.family === b.family && a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a)
