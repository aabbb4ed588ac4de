import { connect } from 'node:http2'
import type { Duplex } from 'node:stream'
import { GrpcClient } from '../rpc/client.ts'
import { transportOf, windows } from '../rpc/transport.ts'

/**
 * A client that waits on a connection of its own to be asked for what its builds need (BuildKit's session): on that
 * connection the engine is the one who calls.
 */
export class ClientSession implements Disposable {
  readonly id: string
  readonly grpc: GrpcClient
  /** Aborts when the client goes: nothing can be built for it any more. */
  readonly signal: AbortSignal
  readonly closed: Promise<void>
  readonly #close: () => void
  constructor(id: string, connection: Duplex) {
    this.id = id
    const session = connect('http://localhost', { createConnection: () => transportOf(connection), ...windows })
    session.once('connect', () => session.setLocalWindowSize(windows.settings.initialWindowSize))
    this.grpc = new GrpcClient(session)
    const gone = new AbortController()
    this.signal = gone.signal
    this.#close = () => session.destroy()
    session.on('error', () => session.destroy())
    // Connections of an HTTP server stay open to the other side when one has closed its own.
    connection.once('end', () => session.destroy())
    this.closed = new Promise(resolve =>
      session.once('close', () => {
        gone.abort()
        connection.destroy()
        resolve()
      }),
    )
  }

  [Symbol.dispose](): void {
    this.#close()
  }
}
