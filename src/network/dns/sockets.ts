import { linux } from '../../sys/kernel.ts'
import { redirectDns } from '../netlink/nftables.ts'
import { NETLINK, NetlinkSocket } from '../netlink/socket.ts'
import { boundSocket, portOf } from '../ports/socket.ts'
import { isLoopback } from './inside.ts'

/**
 * The ports of the name server, wherever they are free, above those that are given out by themselves: who has asked an earlier engine asks again from the same socket,
 * and connection tracking leads it to the port that it knows.
 */
const usualPort = 61953

/**
 * To be called within the namespace. The DNS server gets the sockets.
 * @param again an earlier engine has been here
 * @param servers those that the container asks for; some may be within it
 * @param held the UDP socket of that engine, with what has been asked since
 */
export function openDnsSockets(again: boolean, servers: readonly string[], held?: number) {
  using failing = new DisposableStack()
  const bound = (protocol: 'tcp' | 'udp', address: string) => {
    const socket = boundAt(protocol, address)
    failing.defer(() => linux.close(socket.fd))
    return socket
  }
  if (held !== undefined) failing.defer(() => linux.close(held))
  const udp = held === undefined ? bound('udp', '127.0.0.11') : { fd: held, port: portOf(held) }
  const tcp = bound('tcp', '127.0.0.11')
  const inside = servers.some(isLoopback) ? bound('udp', '127.0.0.1') : undefined
  const netfilter = new NetlinkSocket(NETLINK.NETFILTER)
  failing.defer(() => void netfilter[Symbol.asyncDispose]())
  netfilter.requestNow(...redirectDns(udp.port, tcp.port, !again))
  failing.move() // nothing has failed
  if (again) void netfilter[Symbol.asyncDispose]()
  else netfilter[Symbol.dispose]()
  return { udpFd: udp.fd, tcpFd: tcp.fd, insideFd: inside?.fd }
}

function boundAt(protocol: 'tcp' | 'udp', address: string) {
  try {
    return boundSocket(protocol, address, usualPort)
  } catch {
    return boundSocket(protocol, address, 0)
  }
}
