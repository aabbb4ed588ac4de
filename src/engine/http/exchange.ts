import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { offline } from '../../offline.ts'
import type { Engine } from '../api.ts'
import { machineError } from '../machine-error.ts'
import { version } from '../version.ts'
import type { Answer } from './answer.ts'
import { API_VERSION, parseVersionedPath } from './api-version.ts'
import { parseBody } from './body.ts'
import { ERROR_HEADER, encodeError, statusOfError } from './error-body.ts'
import { OFFLINE_HEADER } from './offline-header.ts'
import { Query } from './query.ts'
import { respond } from './respond.ts'
import type { Match } from './router.ts'

/** Of every answer. */
export const commonHeaders = {
  'Api-Version': API_VERSION,
  'Docker-Experimental': 'false',
  Ostype: 'linux',
  Server: `tscompose/${version} (linux)`,
}

/** A request, where its body is, and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly stream: Readable
  readonly readBody: () => Promise<Buffer>
  readonly response: ServerResponse
  /** Hands the connection over, where that is the answer. Settles when it is closed. */
  readonly hijack: (answer: Extract<Answer, { readonly kind: 'hijack' | 'upgrade' }>) => Promise<void>
}

/** What answers requests. */
export interface Answerer {
  /** Requests that come while the engine still opens wait for it. */
  readonly engine: Engine | Promise<Engine>
  readonly find: (method: string, path: string) => Match
  /** @throws where no request of this connection is to be answered */
  readonly admit: (connection: Socket) => void
  /** Called when a request begins; what it returns is called when the request is over, hijacked connections included. */
  readonly onRequest?: (() => () => void) | undefined
  /** Told of errors that are nobody's intention. */
  readonly onFault?: ((error: unknown, request: string) => void) | undefined
}

/** Answers a request. A client that is offline asks for whatever happens on its behalf to be so, too. */
export const carryOut = (exchange: Exchange, answerer: Answerer): Promise<void> =>
  exchange.request.headers[OFFLINE_HEADER] === undefined
    ? answerOrFail(exchange, answerer)
    : offline('this command', () => answerOrFail(exchange, answerer))

async function answerOrFail(exchange: Exchange, answerer: Answerer): Promise<void> {
  const over = answerer.onRequest?.()
  const { request, response, hijack } = exchange
  for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value)
  try {
    answerer.admit(request.socket)
    const answer = await answerTo(exchange, answerer)
    await (answer.kind === 'hijack' || answer.kind === 'upgrade' ? hijack(answer) : respond(response, answer))
  } catch (error) {
    if (response.destroyed) return
    if (!(error instanceof TscomposeError) && !machineError(error))
      answerer.onFault?.(error, `${request.method} ${request.url}`)
    await respondError(exchange, error)
  } finally {
    over?.()
  }
}

async function answerTo(exchange: Exchange, { engine, find }: Answerer): Promise<Answer> {
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

async function respondError({ request, response }: Exchange, error: unknown): Promise<void> {
  if (response.headersSent) return void response.destroy()
  const value = encodeError(error)
  // The answer to a HEAD has no body that could tell.
  if (request.method === 'HEAD') response.setHeader(ERROR_HEADER, Buffer.from(JSON.stringify(value)).toString('base64'))
  await respond(response, { kind: 'json', status: statusOfError(error), value })
}

/** Aborts when the connection of an answer is closed before its end. */
function closing(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (response.destroyed) gone.abort()
  else response.once('close', () => response.writableFinished || gone.abort())
  return gone.signal
}
