import dgram from 'node:dgram'
import { connections, type Portion } from '../service/portions.ts'
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
  /** Who has been silent for longest is the first. */
  readonly #flows = new Map<string, Flow>()
  readonly #portion: Portion

  constructor(fd: number, family: 'udp4' | 'udp6', target: Target, portion = connections.portion()) {
    this.target = target
    this.#portion = portion
    this.#server = dgram.createSocket(family, (bytes, { address, port }) => {
      const flow = this.#flowOf(address, port)
      if (!flow) return
      flow.expiry.refresh()
      flow.socket.send(bytes, this.target.port, this.target.address, () => {})
    })
    this.#server.on('error', () => {})
    this.#server.bind({ fd })
  }

  #flowOf(address: string, port: number): Flow | undefined {
    const key = `${address} ${port}`
    const known = this.#flows.get(key)
    if (known) {
      this.#flows.delete(key)
      this.#flows.set(key, known)
      return known
    }
    // A sender needs no leave to invent addresses that it comes from: then a flow is as long as there is none newer.
    const [oldest] = this.#flows.keys()
    if (!this.#portion.take()) {
      if (oldest === undefined) return undefined
      this.#endFlow(oldest)
      if (!this.#portion.take()) return undefined
    }
    return this.#newFlow(key, address, port)
  }

  #newFlow(key: string, address: string, port: number): Flow {
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
    this.#portion.giveBack()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of this.#flows.keys()) this.#endFlow(key)
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }
}
