import { type IncomingHttpHeaders, performServerHandshake, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { encodeMessage, messagesOf } from './frames.ts'
import type { MessageType, Read, Written } from './protobuf.ts'
import { encodeTrailers, GrpcError, grpcCodes, toGrpcError } from './status.ts'
import { transportOf, windows } from './transport.ts'

/** A call as methods see it. */
export interface GrpcCall {
  readonly headers: IncomingHttpHeaders
  /** Aborts when the caller gives the call up, or goes. */
  readonly signal: AbortSignal
}

/** What is done with the stream of a call; how it ends is told by the server. */
export type Method = (stream: ServerHttp2Stream, call: GrpcCall) => Promise<void>

/** A method that takes a message and answers with one. */
export const unary =
  <Q extends MessageType, A extends MessageType>(
    request: Q,
    answer: A,
    work: (request: Read<Q>, call: GrpcCall) => Promise<Written<A>>,
  ): Method =>
  async (stream, call) =>
    await send(stream, answer.encode(await work(await firstOf(stream, request), call)))

/** A method that takes a message and answers with any number of them. */
export const streaming =
  <Q extends MessageType, A extends MessageType>(
    request: Q,
    answer: A,
    work: (request: Read<Q>, call: GrpcCall) => AsyncIterable<Written<A>>,
  ): Method =>
  async (stream, call) => {
    for await (const message of work(await firstOf(stream, request), call)) {
      await send(stream, answer.encode(message))
      if (stream.closed) return
    }
  }

async function firstOf<Q extends MessageType>(stream: ServerHttp2Stream, type: Q): Promise<Read<Q>> {
  const messages = messagesOf(stream)
  const { value, done } = await messages.next()
  if (done) throw new GrpcError(grpcCodes.INVALID_ARGUMENT, 'the call has no message')
  return type.decode(value) as Read<Q>
}

async function send(stream: ServerHttp2Stream, message: Buffer): Promise<void> {
  if (stream.closed || stream.write(encodeMessage(message))) return
  await new Promise(resolve => stream.once('drain', resolve).once('close', resolve))
}

/** Serves methods by their paths, `/package.Service/Method`, until the connection ends. */
export async function serveGrpc(connection: Duplex, methods: ReadonlyMap<string, Method>): Promise<void> {
  const session = performServerHandshake(transportOf(connection) as Socket, windows)
  // Connections of an HTTP server stay open to the other side when one has closed its own.
  connection.once('end', () => session.destroy())
  session.on('error', () => session.destroy())
  session.on('stream', (stream, headers) => void serveCall(stream, headers, methods))
  await new Promise<void>(resolve => (session.destroyed ? resolve() : session.once('close', () => resolve())))
  connection.destroy()
}

async function serveCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  methods: ReadonlyMap<string, Method>,
): Promise<void> {
  const gone = new AbortController()
  stream.on('error', () => {}) // told by close
  stream.once('close', () => gone.abort())
  let trailers = encodeTrailers()
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  const path = headers[':path'] ?? ''
  try {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    const method = methods.get(path)
    if (!method) throw new GrpcError(grpcCodes.UNIMPLEMENTED, `there is no method ${path}`)
    await method(stream, { headers, signal: gone.signal })
  } catch (error) {
    trailers = encodeTrailers(toGrpcError(error))
  }
  if (!stream.destroyed) stream.end()
}
