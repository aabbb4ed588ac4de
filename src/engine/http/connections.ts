import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { openFilesLimit } from '../../sys/open-files.ts'

/** How long a connection that is one too many may stay without a request that it could be told by, in milliseconds. */
const PATIENCE = 1000

/**
 * The connections of a server. Those that there are go on when there are as many as may be: who comes then gets an error
 * for an answer. The rest of the descriptors is for that, and for the engine to work with.
 */
export class Connections {
  readonly #open = new Set<Socket>()
  readonly #surplus = new WeakSet<Socket>()
  readonly #most: number

  constructor(server: Server, files = openFilesLimit()) {
    this.#most = Math.floor(files * (3 / 4))
    server.on('connection', (socket: Socket) => {
      if (this.#open.size > this.#most + files / 8) return void socket.destroy()
      this.#open.add(socket)
      socket.once('close', () => this.#open.delete(socket))
      if (this.#open.size <= this.#most) return
      this.#surplus.add(socket)
      setTimeout(() => socket.destroy(), PATIENCE).unref()
    })
  }

  /** @throws Error EMFILE for a connection that is one too many */
  admit(socket: Socket): void {
    if (this.#surplus.has(socket))
      throw Object.assign(new Error(`${this.#most} connections to it are open`), { code: 'EMFILE' })
  }

  close(): void {
    for (const socket of this.#open) socket.destroy()
  }
}
