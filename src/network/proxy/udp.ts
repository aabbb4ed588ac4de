import dgram from 'node:dgram'
import type { Target } from './tcp.ts'

/** How long the way back to a client is kept after its last datagram; that of the kernel's own connection tracking. */
const idleMs = 120_000

interface Flow {
  readonly socket: dgram.Socket
  readonly expiry: NodeJS.Timeout
}

/** Carries datagrams of a reserved port to the container, and its answers back; for what DNAT cannot take. */
export class UdpProxy implements AsyncDisposable {
  /** Clients that are being served follow when it changes. */
  target: Target
  readonly #server: dgram.Socket
  readonly #flows = new Map<string, Flow>()

  constructor(fd: number, family: 'udp4' | 'udp6', target: Target) {
    this.target = target
    this.#server = dgram.createSocket(family, (bytes, { address, port }) => {
      const flow = this.#flows.get(`${address} ${port}`) ?? this.#newFlow(address, port)
      flow.expiry.refresh()
      flow.socket.send(bytes, this.target.port, this.target.address, () => {})
    })
    this.#server.on('error', () => {})
    this.#server.bind({ fd })
  }

  #newFlow(address: string, port: number): Flow {
    const key = `${address} ${port}`
    const socket = dgram.createSocket(this.target.address.includes(':') ? 'udp6' : 'udp4', bytes => {
      flow.expiry.refresh()
      this.#server.send(bytes, port, address, () => {})
    })
    socket.on('error', () => this.#endFlow(key))
    const flow = { socket, expiry: setTimeout(() => this.#endFlow(key), idleMs).unref() }
    this.#flows.set(key, flow)
    return flow
  }

  #endFlow(key: string): void {
    const flow = this.#flows.get(key)
    if (!flow) return
    this.#flows.delete(key)
    clearTimeout(flow.expiry)
    flow.socket.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of this.#flows.keys()) this.#endFlow(key)
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }
}
