import dgram from 'node:dgram'
import { addAbortListener } from 'node:events'

/** 127.0.0.0/8: given to a container as a server, it is the container itself that is meant. */
export const isLoopback = (server: string): boolean => server.startsWith('127.')

/** Asks name servers that run in a container, by a socket that was made in its network namespace. */
export class InsideResolver implements AsyncDisposable {
  readonly #socket: dgram.Socket
  readonly #waiting = new Map<number, (response: Buffer) => void>()

  constructor(fd: number) {
    this.#socket = dgram.createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) })
    this.#socket.on('message', bytes => bytes.length >= 2 && this.#waiting.get(bytes.readUInt16BE(0))?.(bytes))
    this.#socket.on('error', () => {})
    this.#socket.bind({ fd })
  }

  /** @param bytes a query with an id that is nobody else's at the moment */
  async ask(server: string, bytes: Buffer, signal: AbortSignal): Promise<Buffer> {
    const id = bytes.readUInt16BE(0)
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    using _ = addAbortListener(signal, () => reject(signal.reason))
    this.#waiting.set(id, resolve)
    try {
      this.#socket.send(bytes, 53, server)
      return await promise
    } finally {
      this.#waiting.delete(id)
    }
  }

  /** Resolves when the socket is closed: until then it keeps the container's network namespace. */
  [Symbol.asyncDispose](): Promise<void> {
    return new Promise(resolve => this.#socket.close(() => resolve()))
  }
}
