import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { offline } from '../../offline.ts'
import type { Engine } from '../api.ts'
import type { EngineProcess } from '../engine-status.ts'
import { invalid } from '../failures.ts'
import { version } from '../version.ts'
import type { Answer } from './answer.ts'
import { API_VERSION, parseVersionedPath } from './api-version.ts'
import { parseBody, readBody, readBodyOf } from './body.ts'
import { Connections } from './connections.ts'
import { ERROR_HEADER, encodeError, statusOfError } from './error-body.ts'
import { hijackPlain, hijackUpgraded, switchProtocols } from './hijack.ts'
import { machineError } from './machine-error.ts'
import { http } from './node-http.ts'
import { OFFLINE_HEADER } from './offline-header.ts'
import { Query } from './query.ts'
import { respond } from './respond.ts'
import { routerOf } from './router.ts'
import { routeTables } from './routes.ts'

/** How many may come at once, listen(2); the kernel takes somaxconn where that is less. */
const BACKLOG = 4096

export interface EngineServerOptions {
  readonly socketPath: string
  /** The process around the engine, for `/tscompose/engine`. */
  readonly process: EngineProcess
  /** Called when a request begins; what it returns is called when the request is over, hijacked connections included. */
  readonly onRequest?: () => () => void
  /** Told of errors that are nobody's intention. */
  readonly onFault?: (error: unknown, request: string) => void
}

export interface EngineServer extends AsyncDisposable {
  /** Serves a connection that came another way: whoever hands it over knows who it is from. */
  accept(connection: Socket): void
  /** Removes the socket; connections that there are stay, but get no answer but ENGINE_UNREACHABLE any more. */
  refuse(): void
  /** Closes the socket, removes its file, and ends all connections. */
  close(): Promise<void>
}

/** Where the body of a request is, and where its answer goes. */
interface Exchange {
  readonly request: IncomingMessage
  readonly stream: Readable
  readonly readBody: () => Promise<Buffer>
  readonly response: ServerResponse
}

const headers = {
  'Api-Version': API_VERSION,
  'Docker-Experimental': 'false',
  Ostype: 'linux',
  Server: `tscompose/${version} (linux)`,
}

/**
 * Serves an engine as Docker's Engine API at a UNIX socket that only its owner can open. Requests that come while the
 * engine still opens wait for it.
 * @throws Error EADDRINUSE if there is a file at the path; see daemon/ for how stale ones are told from live ones
 */
export async function serveEngine(
  engine: Engine | Promise<Engine>,
  { socketPath, process: host, onRequest, onFault }: EngineServerOptions,
): Promise<EngineServer> {
  const find = routerOf(...routeTables(host))

  let refusing = false

  async function answerTo(exchange: Exchange): Promise<Answer> {
    const { request, stream, response } = exchange
    const { method = 'GET', url = '/' } = request
    const [location = '/', ...query] = url.split('?')
    const { path, minor } = parseVersionedPath(location)
    const { handle, params } = find(method, path)
    return handle({
      engine: await engine,
      params,
      query: new Query(query.join('?')),
      headers: request.headers,
      minor,
      stream,
      get signal() {
        return closing(response)
      },
      body: async parse => parseBody(await exchange.readBody(), request.headers, parse),
    })
  }

  type Hijack = (answer: Answer & { kind: 'hijack' | 'upgrade' }) => Promise<void>

  const exchangeAll = (exchange: Exchange, hijack: Hijack): Promise<void> =>
    exchange.request.headers[OFFLINE_HEADER] === undefined
      ? exchangeInFull(exchange, hijack)
      : offline('this command', () => exchangeInFull(exchange, hijack))

  async function exchangeInFull(exchange: Exchange, hijack: Hijack): Promise<void> {
    const over = onRequest?.()
    const { request, response } = exchange
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    try {
      connections.admit(request.socket)
      if (refusing) throw new TscomposeError('ENGINE_UNREACHABLE', 'the engine is about to end')
      const answer = await answerTo(exchange)
      await (answer.kind === 'hijack' || answer.kind === 'upgrade' ? hijack(answer) : respond(response, answer))
    } catch (error) {
      if (response.destroyed) return
      if (!(error instanceof TscomposeError) && !machineError(error))
        onFault?.(error, `${request.method} ${request.url}`)
      if (request.method === 'HEAD' && !response.headersSent)
        response.setHeader(ERROR_HEADER, Buffer.from(JSON.stringify(encodeError(error))).toString('base64'))
      if (response.headersSent) response.destroy()
      else await respond(response, { kind: 'json', status: statusOfError(error), value: encodeError(error) })
    } finally {
      over?.()
    }
  }

  const server = http.createServer((request, response) =>
    exchangeAll({ request, stream: request, readBody: () => readBody(request), response }, async answer => {
      if (answer.kind === 'upgrade') throw invalid(`the request has to ask for an upgrade to ${answer.protocol}`)
      await hijackPlain(request, response, answer, headers)
    }),
  )
  // An upgrade request's body is not parsed by Node: it is the first bytes of the connection that it hands over.
  server.on('upgrade', (request, socket: Socket, head) => {
    socket.on('error', () => socket.destroy())
    if (head.length > 0) socket.unshift(head)
    const response = new http.ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.destroySoon())
    return exchangeAll(
      { request, stream: socket, readBody: () => readUpgradeBody(request, socket), response },
      answer => {
        response.detachSocket(socket)
        return answer.kind === 'upgrade'
          ? switchProtocols(socket, answer, headers)
          : hijackUpgraded(socket, answer, headers)
      },
    )
  })
  const connections = new Connections(server)
  // Local clients may take their time, for an upload as for the next request on their connection.
  server.requestTimeout = 0
  server.keepAliveTimeout = 0
  await listen(server, socketPath)

  const closed = once(server, 'close')
  const refuse = () => {
    refusing = true
    server.close()
  }
  const close = async () => {
    refuse()
    connections.close()
    await closed
  }
  const accept = (connection: Socket) => void server.emit('connection', connection)
  return { accept, refuse, close, [Symbol.asyncDispose]: close }
}

async function readUpgradeBody({ headers }: IncomingMessage, socket: Socket): Promise<Buffer> {
  if (headers['transfer-encoding']) throw invalid('the body of an upgrade request needs a Content-Length')
  return readBodyOf(socket, Number(headers['content-length'] ?? 0))
}

/** Aborts when the connection of an answer is closed before its end. */
function closing(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (response.destroyed) gone.abort()
  else response.once('close', () => response.writableFinished || gone.abort())
  return gone.signal
}

function listen(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  const umask = process.umask(0o177)
  server.listen({ path: socketPath, backlog: BACKLOG }, resolve) // binds before it returns
  process.umask(umask)
  return promise.finally(() => server.off('error', reject))
}
