import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { offlineWish } from '../../offline.ts'
import { decodeError, ERROR_HEADER } from '../http/error-body.ts'
import { decodeLines } from '../http/json-lines.ts'
import { OFFLINE_HEADER } from '../http/offline-header.ts'
import { type Response, SocketPool } from './socket-pool.ts'

/** A list is a parameter that is given several times. */
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

/** Names no version of the API: that is the engine's newest, also where it runs since before an update of the program. */
function target(path: string, query: RequestMore['query'] = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, values] of Object.entries(query)) {
    for (const value of Array.isArray(values) ? values : [values]) {
      if (value === undefined) continue
      const text =
        typeof value === 'boolean' ? Number(value) : typeof value === 'object' ? JSON.stringify(value) : value
      parameters.append(name, String(text))
    }
  }
  return `${path}${parameters.size > 0 ? `?${parameters}` : ''}`
}

/** Requests to an engine over its socket, and its answers or errors. */
export class EngineConnection implements Disposable {
  readonly socketPath: string
  readonly #sockets: SocketPool

  private constructor(socketPath: string) {
    this.socketPath = socketPath
    this.#sockets = new SocketPool(socketPath)
  }

  /** @throws TscomposeError ENGINE_UNREACHABLE */
  static async open(socketPath: string): Promise<EngineConnection> {
    const connection = new EngineConnection(socketPath)
    try {
      await connection.#sockets.connect()
    } catch (error) {
      throw unreachable(socketPath, error)
    }
    return connection
  }

  /** @throws TscomposeError what the engine threw, or ENGINE_UNREACHABLE; the reason of the signal if it aborts */
  async send(method: string, path: string, more: RequestMore = {}): Promise<Response> {
    const { query, headers, body, upload, signal } = more
    try {
      const response = await this.#sockets.request({
        method,
        target: target(path, query),
        headers: {
          ...headers,
          ...(body && { 'Content-Type': 'application/json' }),
          ...(offlineWish() && { [OFFLINE_HEADER]: '1' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        ...(upload && { upload }),
        ...(signal && { signal }),
      })
      return await successful(response)
    } catch (error) {
      throw this.#translate(error, signal)
    }
  }

  async text(method: string, path: string): Promise<string> {
    return this.#textOf(await this.send(method, path))
  }

  async json<T>(method: string, path: string, more: RequestMore = {}): Promise<T> {
    return this.read<T>(await this.send(method, path, more), more.signal)
  }

  /** The JSON value of an answer. */
  async read<T>(response: Response, signal?: AbortSignal): Promise<T> {
    return parse(await this.#textOf(response, signal)) as T
  }

  async #textOf({ body }: Response, signal?: AbortSignal): Promise<string> {
    try {
      return await textOf(body)
    } catch (error) {
      throw this.#translate(error, signal)
    }
  }

  /** The JSON values of an answer, as they come. */
  async *lines({ body }: Response, signal?: AbortSignal): AsyncGenerator<unknown> {
    try {
      yield* decodeLines(body)
    } catch (error) {
      throw this.#translate(error, signal)
    }
  }

  /** For answers of which only the status counts. */
  async perform(method: string, path: string, more: RequestMore = {}): Promise<number> {
    const { status, body } = await this.send(method, path, more)
    body.resume()
    return status
  }

  /** Upgrades a connection to a raw one, which is the caller's then. */
  async hijack(path: string, more: RequestMore = {}): Promise<Socket> {
    // Errors shall come as answers, not as text on the stream.
    const headers = { Connection: 'Upgrade', Upgrade: 'tcp', Accept: 'application/json' }
    const { upgraded, status, body } = await this.send('POST', path, { ...more, headers })
    if (upgraded) return upgraded
    body.destroy()
    throw answerInvalid(`${status} where an upgrade was expected`)
  }

  close(): void {
    this.#sockets.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #translate(error: unknown, signal?: AbortSignal): unknown {
    if (signal?.aborted) return signal.reason
    return error instanceof TscomposeError ? error : unreachable(this.socketPath, error)
  }
}

async function successful(response: Response): Promise<Response> {
  const { status, headers, body } = response
  if (status < 400) return response
  const told = headers.get(ERROR_HEADER)
  const text = told ? Buffer.from(told, 'base64').toString() : await textOf(body)
  if (!told && !headers.get('content-type')?.startsWith('application/json'))
    throw answerInvalid(`${status} ${text.slice(0, 200)}`)
  throw decodeError(parse(text) as { message: string })
}

function textOf(body: Readable): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const chunks: Buffer[] = []
  if (body.errored) reject(body.errored)
  // By its events: asynchronous iteration takes a millisecond more the first time.
  body.on('data', (chunk: Buffer) => chunks.push(chunk))
  body.on('end', () => resolve(Buffer.concat(chunks).toString()))
  body.on('error', reject)
  return promise
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw answerInvalid(text.slice(0, 200), cause)
  }
}

export const answerInvalid = (what: string, cause?: unknown) =>
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
