import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { TscomposeError } from '../../errors.ts'
import type { Engine } from '../api.ts'
import type { EngineProcess } from '../engine-status.ts'
import { invalid } from '../failures.ts'
import { readBody } from './body.ts'
import { Connections } from './connections.ts'
import { type Answerer, carryOut, commonHeaders } from './exchange.ts'
import { hijackPlain, hijackUpgraded, switchProtocols } from './hijack.ts'
import { http } from './node-http.ts'
import { routerOf } from './router.ts'
import { routeTables } from './routes.ts'
import { UpgradeBody } from './upgrade-body.ts'

/** How many may come at once, listen(2); the kernel takes somaxconn where that is less. */
const BACKLOG = 4096

export interface EngineServerOptions extends Pick<Answerer, 'onRequest' | 'onFault'> {
  readonly socketPath: string
  /** The process around the engine, for `/tscompose/engine`. */
  readonly process: EngineProcess
}

export interface EngineServer extends AsyncDisposable {
  /** Serves a connection that came another way: whoever hands it over knows who it is from. */
  accept(connection: Socket): void
  /** Removes the socket; connections that there are stay, but get no answer but ENGINE_UNREACHABLE any more. */
  refuse(): void
  /** Closes the socket, removes its file, and ends all connections. */
  close(): Promise<void>
}

/**
 * Serves an engine as Docker's Engine API at a UNIX socket that only its owner can open.
 * @throws Error EADDRINUSE if there is a file at the path; see daemon/ for how stale ones are told from live ones
 */
export async function serveEngine(
  engine: Engine | Promise<Engine>,
  { socketPath, process: host, onRequest, onFault }: EngineServerOptions,
): Promise<EngineServer> {
  const server = http.createServer()
  const connections = new Connections(server)
  let refusing = false
  const admit = (connection: Socket) => {
    connections.admit(connection)
    if (refusing) throw new TscomposeError('ENGINE_UNREACHABLE', 'the engine is about to end')
  }
  answerRequests(server, { engine, find: routerOf(...routeTables(host)), admit, onRequest, onFault })
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

function answerRequests(server: Server, answerer: Answerer): void {
  server.on('request', (request, response) =>
    carryOut(
      {
        request,
        stream: request,
        readBody: () => readBody(request),
        response,
        async hijack(answer) {
          if (answer.kind === 'upgrade') throw invalid(`the request has to ask for an upgrade to ${answer.protocol}`)
          await hijackPlain(request, answer, commonHeaders)
        },
      },
      answerer,
    ),
  )
  server.on('upgrade', (request, socket: Socket, head) => {
    socket.on('error', () => socket.destroy())
    if (head.length > 0) socket.unshift(head)
    const body = new UpgradeBody(request.headers, socket)
    const response = new http.ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.destroySoon())
    return carryOut(
      {
        request,
        stream: socket,
        readBody: async () => await body.read(),
        response,
        async hijack(answer) {
          await body.discard(answer.kind === 'upgrade')
          response.detachSocket(socket)
          await (answer.kind === 'upgrade'
            ? switchProtocols(socket, answer, commonHeaders)
            : hijackUpgraded(socket, answer, commonHeaders))
        },
      },
      answerer,
    )
  })
}

function listen(server: Server, socketPath: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  const umask = process.umask(0o177)
  server.listen({ path: socketPath, backlog: BACKLOG }, resolve) // binds before it returns
  process.umask(umask)
  return promise.finally(() => server.off('error', reject))
}
