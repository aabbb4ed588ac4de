import { Duplex } from 'node:stream'

/** What either side may send ahead on a stream, and on a connection: enough that a build context does not wait for us. */
export const windows = {
  settings: { enablePush: false, initialWindowSize: 4 * 2 ** 20, maxFrameSize: 2 ** 18, maxConcurrentStreams: 100 },
} as const

/**
 * A connection as HTTP/2 can have it: Node takes a socket's native part for it, and aborts when that is one of TLS on which
 * HTTP/1 has been spoken.
 */
export const transportOf = (connection: Duplex): Duplex =>
  'encrypted' in connection ? Duplex.from({ readable: connection, writable: connection }) : connection
