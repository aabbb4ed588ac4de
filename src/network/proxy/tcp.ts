import { connect, createServer, type Server, type Socket } from 'node:net'
import { connections, type Portion } from '../service/portions.ts'

/** Where a proxy leads; changed when the container's address does. */
export interface Target {
  readonly address: string
  readonly port: number
}

/**
 * Carries TCP connections of a reserved port to the container: those that DNAT cannot take, which is all of IPv6 (the
 * kernel does not translate [::1] to an IPv4 address), and IPv4 while the firewall table is not there.
 */
export class TcpProxy implements AsyncDisposable {
  target: Target
  readonly #server: Server
  readonly #open = new Set<Socket>()
  readonly #portion: Portion

  constructor(fd: number, target: Target, portion = connections.portion()) {
    this.target = target
    this.#portion = portion
    this.#server = createServer({ allowHalfOpen: true }, client => this.#carry(client))
    this.#server.on('error', () => {})
    this.#server.listen({ fd })
  }

  #carry(client: Socket): void {
    if (!this.#portion.take()) return void client.resetAndDestroy()
    client.on('close', () => this.#portion.giveBack())
    const upstream = connect({ host: this.target.address, port: this.target.port, allowHalfOpen: true, noDelay: true })
    client.setNoDelay(true)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#open.add(socket)
      socket.on('close', () => {
        this.#open.delete(socket)
        // An end that was announced (FIN) went through the pipe; any other way to close is passed on as it is.
        if (!socket.readableEnded) other.destroy()
      })
      socket.on('error', () => other.resetAndDestroy())
    }
    // Ending one side ends that direction only: what still comes the other way is carried on.
    client.pipe(upstream)
    upstream.pipe(client)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }
}
