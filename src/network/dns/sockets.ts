import { linux } from '../../sys/kernel.ts'
import { redirectDns } from '../netlink/nftables.ts'
import { NETLINK, NetlinkSocket } from '../netlink/socket.ts'
import { boundSocket } from '../ports/socket.ts'

/**
 * To be called within the namespace. The DNS server gets the sockets.
 * @param again an earlier engine has been here
 */
export function openDnsSockets(again: boolean) {
  using failing = new DisposableStack()
  const bound = (protocol: 'tcp' | 'udp') => {
    const socket = boundSocket(protocol, '127.0.0.11', 0)
    failing.defer(() => linux.close(socket.fd))
    return socket
  }
  const [udp, tcp] = [bound('udp'), bound('tcp')]
  const netfilter = new NetlinkSocket(NETLINK.NETFILTER)
  failing.defer(() => void netfilter[Symbol.asyncDispose]())
  netfilter.requestNow(...redirectDns(udp.port, tcp.port, !again))
  failing.move() // nothing has failed
  if (again) void netfilter[Symbol.asyncDispose]()
  else netfilter[Symbol.dispose]()
  return { udp, tcp }
}
