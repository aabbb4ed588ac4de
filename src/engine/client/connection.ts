import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { API_VERSION } from '../http/api-version.ts'
import { decodeError } from '../http/error-body.ts'
import { decodeLines } from '../http/json-lines.ts'
import { http, net } from '../http/node-http.ts'

type QueryValue = string | number | boolean | object | undefined

export interface RequestMore {
  readonly query?: Readonly<Record<string, QueryValue>>
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly body?: object
  /** Sent as it is. */
  readonly upload?: Readable
  readonly signal?: AbortSignal
}

/** A path of the API; what is put into it is encoded. */
export const path = (texts: TemplateStringsArray, ...parts: string[]): string =>
  String.raw({ raw: texts }, ...parts.map(encodeURIComponent))

function target(path: string, query: RequestMore['query'] = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    const text = typeof value === 'boolean' ? Number(value) : typeof value === 'object' ? JSON.stringify(value) : value
    parameters.set(name, String(text))
  }
  return `/v${API_VERSION}${path}${parameters.size > 0 ? `?${parameters}` : ''}`
}

/** Requests to an engine over its socket. Connections are kept for the next request; idle ones keep no process alive. */
export class EngineConnection {
  readonly socketPath: string
  readonly #agent: Agent

  private constructor(socketPath: string, first: Socket) {
    this.socketPath = socketPath
    let spare: Socket | undefined = first
    this.#agent = new http.Agent({ keepAlive: true })
    this.#agent.createConnection = () => {
      const socket = spare?.writable && spare.readable ? spare : net.connect(socketPath)
      spare = undefined
      return socket
    }
  }

  /**
   * Connects, and keeps the connection for the first request.
   * @throws TscomposeError ENGINE_UNREACHABLE
   */
  static async open(socketPath: string): Promise<EngineConnection> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const socket = net.connect(socketPath, resolve)
    socket.once('error', reject)
    try {
      await promise
    } catch (error) {
      throw unreachable(socketPath, error)
    }
    socket.off('error', reject)
    socket.on('error', () => socket.destroy())
    return new EngineConnection(socketPath, socket)
  }

  /** @throws TscomposeError what the engine threw, or ENGINE_UNREACHABLE; the reason of the signal if it aborts */
  async send(method: string, path: string, more: RequestMore = {}): Promise<IncomingMessage> {
    const request = this.#request(method, path, more)
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    request.once('response', resolve)
    request.on('error', reject)
    if (more.upload) upload(more.upload, request)
    else request.end(more.body && JSON.stringify(more.body))
    try {
      return await this.#successful(await promise)
    } catch (error) {
      throw this.#translate(error, more.signal)
    }
  }

  async json<T>(method: string, path: string, more: RequestMore = {}): Promise<T> {
    return this.read<T>(await this.send(method, path, more), more.signal)
  }

  /** The JSON value of an answer. */
  async read<T>(response: IncomingMessage, signal?: AbortSignal): Promise<T> {
    try {
      return parse(await textOf(response)) as T
    } catch (error) {
      throw this.#translate(error, signal)
    }
  }

  /** The JSON values of an answer, as they come. */
  async *lines(response: IncomingMessage, signal?: AbortSignal): AsyncGenerator<unknown> {
    try {
      yield* decodeLines(response)
    } catch (error) {
      throw this.#translate(error, signal)
    }
  }

  /** For answers without a body. @returns the status */
  async perform(method: string, path: string, more: RequestMore = {}): Promise<number> {
    const response = await this.send(method, path, more)
    response.resume()
    return response.statusCode ?? 0
  }

  /** Upgrades a connection to a raw one, which is the caller's then. */
  async hijack(path: string, more: RequestMore = {}): Promise<Socket> {
    // Errors shall come as answers, not as text on the stream.
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', Accept: 'application/json' }
    const request = this.#request('POST', path, { ...more, headers })
    const { promise, resolve, reject } = Promise.withResolvers<Socket>()
    request.once('upgrade', (_response, socket: Socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    request.once('response', response => {
      const unexpected = () => answerInvalid(`${response.statusCode} where an upgrade was expected`)
      this.#successful(response).then(() => reject(unexpected()), reject)
    })
    request.on('error', reject)
    request.end(more.body && JSON.stringify(more.body))
    try {
      return await promise
    } catch (error) {
      throw this.#translate(error)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #request(method: string, path: string, { query, headers, body, upload, signal }: RequestMore): ClientRequest {
    const options: RequestOptions & { readonly servername: string } = {
      agent: this.#agent,
      // Of TLS only; left out, the agent derives it from the host with a regular expression that takes 6 ms to compile.
      servername: '',
      method,
      path: target(path, query),
      headers: {
        ...headers,
        ...(body && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(JSON.stringify(body)) }),
        ...(upload && { 'Content-Type': 'application/x-tar' }),
      },
    }
    return http.request(signal ? { ...options, signal } : options)
  }

  async #successful(response: IncomingMessage): Promise<IncomingMessage> {
    if ((response.statusCode ?? 0) < 400) return response
    const text = await textOf(response)
    if (!response.headers['content-type']?.startsWith('application/json'))
      throw answerInvalid(`${response.statusCode} ${text.slice(0, 200)}`)
    throw decodeError(parse(text) as { message: string })
  }

  #translate(error: unknown, signal?: AbortSignal): unknown {
    if (signal?.aborted) return signal.reason
    return error instanceof TscomposeError ? error : unreachable(this.socketPath, error)
  }
}

function upload(source: Readable, request: ClientRequest): void {
  source.on('error', error => request.destroy(error))
  request.on('close', () => source.destroy())
  source.pipe(request)
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw answerInvalid(text.slice(0, 200), cause)
  }
}

const answerInvalid = (what: string, cause?: unknown) =>
  new TscomposeError('ENGINE_ANSWER_INVALID', `unexpected answer of the engine: ${what}`, { cause })

function unreachable(socketPath: string, cause: unknown): TscomposeError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ECONNREFUSED')
    return new TscomposeError('ENGINE_UNREACHABLE', `no engine answers at ${socketPath}`, { cause })
  if (code === 'EACCES')
    return new TscomposeError('ENGINE_UNREACHABLE', `no permission to open ${socketPath}`, {
      fix: 'Run as root, or as the user the engine belongs to.',
      cause,
    })
  if (code === 'EINVAL' && socketPath.length > 107)
    return new TscomposeError('ENGINE_UNREACHABLE', `the path of a socket has at most 107 bytes: ${socketPath}`, {
      fix: 'Choose a shorter TSCOMPOSE_RUN.',
      cause,
    })
  return new TscomposeError('ENGINE_UNREACHABLE', `the engine at ${socketPath} went away: ${message}`, { cause })
}
