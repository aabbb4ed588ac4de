import { linux } from '../../sys/kernel.ts'
import { addressBytes } from '../addresses/address.ts'

/**
 * Sockets made by system call, since Node cannot make one in another network namespace, nor bind one before its event
 * loop turns. Their descriptors are handed to Node objects (`listen({ fd })`, `bind({ fd })`).
 */

const AF_INET = 2
const AF_INET6 = 10
const SOCK = { STREAM: 1, DGRAM: 2, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const backlog = 511

export type Protocol = 'tcp' | 'udp' | 'sctp'

const IPPROTO_SCTP = 132

/** struct sockaddr_in, sockaddr_in6; ip(7), ipv6(7) */
function encodeSocketAddress(address: string, port: number): Buffer {
  const ip = addressBytes(address)
  const bytes = Buffer.alloc(ip.length === 4 ? 16 : 28)
  bytes.writeUInt16LE(ip.length === 4 ? AF_INET : AF_INET6, 0)
  bytes.writeUInt16BE(port, 2)
  ip.copy(bytes, ip.length === 4 ? 4 : 8)
  return bytes
}

/**
 * A bound socket, listening if it is TCP. A TCP socket reserves its port only by listening: with SO_REUSEADDR alone
 * another could bind it too, and without it connections in TIME_WAIT would be in the way.
 * @param port 0: one that the kernel chooses
 * @throws SystemError with code EADDRINUSE, EADDRNOTAVAIL, EACCES, EAFNOSUPPORT, EPROTONOSUPPORT
 */
export function boundSocket(
  protocol: Protocol,
  address: string,
  port: number,
): { readonly fd: number; readonly port: number } {
  const bytes = encodeSocketAddress(address, port)
  const isIPv6 = bytes.length === 28
  const type = protocol === 'udp' ? SOCK.DGRAM : SOCK.STREAM
  const number = protocol === 'sctp' ? IPPROTO_SCTP : 0
  const fd = linux.socket(isIPv6 ? AF_INET6 : AF_INET, type | SOCK.NONBLOCK | SOCK.CLOEXEC, number)
  try {
    const on = Buffer.from([1, 0, 0, 0])
    if (protocol === 'tcp') linux.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, 4)
    if (isIPv6) linux.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, on, 4)
    linux.bind(fd, bytes, bytes.length)
    if (protocol === 'tcp') linux.listen(fd, backlog)
    return { fd, port: portOf(fd) }
  } catch (error) {
    linux.close(fd)
    throw error
  }
}

/** The port that a socket of IPv4 or IPv6 is bound to. @throws SystemError */
export function portOf(fd: number): number {
  const bytes = Buffer.alloc(28)
  linux.getsockname(fd, bytes, Buffer.from([bytes.length, 0, 0, 0]))
  return bytes.readUInt16BE(2)
}
