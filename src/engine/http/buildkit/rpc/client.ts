import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { encodeMessage, messagesOf } from './frames.ts'
import type { Fields, MessageType, Read, Written } from './protobuf.ts'
import { decodeTrailers, GrpcError, grpcCodes } from './status.ts'

/** A call whose messages go both ways. */
export interface BidirectionalCall<Out, In> {
  /** Settles when more may be sent. @throws GrpcError when the call is over */
  send(message: Out): Promise<void>
  /** No more is to be sent. */
  end(): void
  /** Ends with the call. @throws GrpcError */
  readonly messages: AsyncGenerator<In>
  /** Gives the call up; one that has ended stays as it is. */
  cancel(): void
}

/** Calls methods of the other side of a connection. */
export class GrpcClient {
  readonly #session: ClientHttp2Session

  constructor(session: ClientHttp2Session) {
    this.#session = session
  }

  /** @throws GrpcError, or the reason of `signal` */
  async unary<Q extends MessageType, A extends MessageType>(
    path: string,
    types: { readonly request: Q; readonly answer: A },
    request: Written<Q>,
    signal: AbortSignal,
  ): Promise<Read<A>> {
    const call = this.stream(path, types, {}, signal)
    try {
      await call.send(request)
      call.end()
      let received: Read<A> | undefined
      for await (const message of call.messages) received ??= message
      if (received === undefined) throw new GrpcError(grpcCodes.INTERNAL, `${path} has no answer`)
      return received
    } finally {
      call.cancel()
    }
  }

  /** @param metadata what is sent along; values that no header can hold are the caller's to encode */
  stream<Q extends MessageType, A extends MessageType>(
    path: string,
    { request, answer }: { readonly request: Q; readonly answer: A },
    metadata: Readonly<Record<string, string | readonly string[]>>,
    signal: AbortSignal,
  ): BidirectionalCall<Written<Q>, Read<A>> {
    signal.throwIfAborted()
    const stream = this.#open(path, metadata)
    const abort = () => stream.close(CANCEL)
    signal.addEventListener('abort', abort)
    stream.once('close', () => signal.removeEventListener('abort', abort))
    const ended = endOf(stream)
    return {
      async send(message) {
        signal.throwIfAborted()
        if (stream.closed || stream.destroyed) throw (await ended) ?? gone()
        if (stream.write(encodeMessage((request as MessageType<Fields>).encode(message)))) return
        await Promise.race([new Promise(resolve => stream.once('drain', resolve)), ended])
      },
      end: () => void stream.end(),
      messages: readAll(stream, answer as MessageType<Fields>, ended, signal) as AsyncGenerator<Read<A>>,
      cancel: abort,
    }
  }

  #open(path: string, metadata: Readonly<Record<string, string | readonly string[]>>): ClientHttp2Stream {
    try {
      return this.#session.request(
        {
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
          ...metadata,
        } as OutgoingHttpHeaders,
        { endStream: false },
      )
    } catch {
      throw gone()
    }
  }
}

/** RFC 9113, 7 */
const CANCEL = 8

const gone = () => new GrpcError(grpcCodes.UNAVAILABLE, 'the client has gone')

async function* readAll(
  stream: ClientHttp2Stream,
  type: MessageType<Fields>,
  ended: Promise<GrpcError | undefined>,
  signal: AbortSignal,
): AsyncGenerator<unknown> {
  try {
    for await (const frame of messagesOf(stream)) yield type.decode(frame)
  } catch (error) {
    signal.throwIfAborted()
    // How the call has ended says more than that its stream has broken.
    throw stream.destroyed && !(error instanceof GrpcError) ? ((await ended) ?? gone()) : error
  }
  signal.throwIfAborted()
  const error = await ended
  if (error) throw error
}

/** How the other side has ended a call. */
function endOf(stream: ClientHttp2Stream): Promise<GrpcError | undefined> {
  const { promise, resolve } = Promise.withResolvers<GrpcError | undefined>()
  stream.on('response', (headers: IncomingHttpHeaders) => {
    if (headers['grpc-status'] !== undefined) resolve(decodeTrailers(headers))
    else if (Number(headers[':status']) !== 200)
      resolve(new GrpcError(grpcCodes.UNAVAILABLE, `HTTP status ${headers[':status']}`))
  })
  stream.on('trailers', (headers: IncomingHttpHeaders) => resolve(decodeTrailers(headers)))
  stream.on('error', () => {}) // told by close
  stream.once('close', () => resolve(gone()))
  return promise
}
