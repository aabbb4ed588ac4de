import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'

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

/** RLIMIT_NOFILE, getrlimit(2). Node has raised it to the most that it may be. */
function openFilesLimit(): number {
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return limit ? Number(limit) : Number.POSITIVE_INFINITY
}
