import type { Socket } from 'node:net'
import { Readable, Transform } from 'node:stream'
import { forgiveWrites } from '../../runtime/forgive-writes.ts'
import { ResponseDecoder, type ResponseHead } from './response-decoder.ts'

const net = process.getBuiltinModule('node:net') // without its ES module wrapper, which takes a while of its own

export interface Request {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | number>>
  readonly body?: string
  /** A body of unknown length. */
  readonly upload?: Readable
  readonly signal?: AbortSignal
}

export interface Response extends ResponseHead {
  readonly body: Readable
  /** The connection itself, after the answer to an upgrade. */
  readonly upgraded: Socket | undefined
}

/**
 * HTTP/1.1 over a UNIX socket, as far as an engine needs it: one request at a time on a connection, which is kept for
 * the next one. Node's own client takes 10 ms to load and to warm up, a sixth of the time of a short command.
 */
export class SocketPool {
  readonly #path: string
  /** With what takes a connection out of here. */
  readonly #idle = new Map<Socket, () => void>()

  constructor(path: string) {
    this.#path = path
  }

  /** Connects in advance. @throws SystemError ENOENT, ECONNREFUSED, EACCES... of connect(2) */
  async connect(): Promise<void> {
    const socket = net.connect(this.#path)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const detach = attach(socket, { connect: resolve, error: reject })
    await promise
    detach()
    this.#keep(socket)
  }

  /** @throws what the connection throws until the head of the response is there; later, `body` does */
  request(request: Request): Promise<Response> {
    const [kept] = this.#idle.keys()
    const socket = kept ?? net.connect(this.#path)
    const detach = this.#idle.get(socket)
    detach?.()
    const answer = receive(socket.ref(), request, () => this.#keep(socket))
    send(socket, request)
    return answer
  }

  close(): void {
    for (const socket of this.#idle.keys()) socket.destroy()
  }

  /** An idle connection keeps no process alive, and is forgotten when the other side closes it. */
  #keep(socket: Socket): void {
    const forget = () => {
      this.#idle.delete(socket)
      socket.destroy()
    }
    const detach = attach(socket, { error: forget, end: forget, close: forget })
    this.#idle.set(socket, () => {
      detach()
      this.#idle.delete(socket)
    })
    socket.resume().unref()
  }
}

interface Listeners {
  readonly connect?: () => void
  readonly data?: (chunk: Buffer) => void
  readonly end?: () => void
  readonly error?: (error: Error) => void
  readonly close?: () => void
}

/** @returns what takes the listeners off again */
function attach(socket: Socket, listeners: Listeners): () => void {
  const all: [string, (...args: never[]) => void][] = Object.entries(listeners)
  for (const [event, listener] of all) socket.on(event, listener as () => void)
  return () => {
    for (const [event, listener] of all) socket.off(event, listener as () => void)
  }
}

function send(socket: Socket, { method, target, headers, body = '', upload }: Request): void {
  const framing = upload ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': Buffer.byteLength(body) }
  const lines = Object.entries({ Host: 'tscompose', ...headers, ...framing }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  socket.write(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`)
  if (!upload) return
  upload.on('error', error => socket.destroy(error))
  socket.once('close', () => upload.destroy())
  upload.pipe(chunks()).pipe(socket, { end: false })
}

/** The chunked transfer coding (RFC 9112 section 7.1). */
const chunks = (): Transform =>
  new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (chunk.length > 0) this.push(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, CRLF]))
      done()
    },
    flush(done) {
      done(null, '0\r\n\r\n')
    },
  })
const CRLF = Buffer.from('\r\n')

/** @param keep takes the connection back once the response is whole, if it can serve another request */
function receive(socket: Socket, { method, upload, signal }: Request, keep: () => void): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>()
  let head: ResponseHead | undefined
  let whole = false
  const body = new Readable({
    read: () => void socket.resume(),
    destroy: (error, done) => {
      if (!whole) socket.destroy() // who leaves a response before its end leaves the connection
      done(error)
    },
  })
  body.on('error', () => undefined) // it may break before anybody looks
  const decoder = new ResponseDecoder(
    {
      head: received => {
        head = received
      },
      data: chunk => {
        if (!body.push(chunk)) socket.pause()
      },
      end: () => {
        whole = true
        release()
        if (head?.status === 101) return
        body.push(null)
        if (head?.headers.get('connection') !== 'close' && (upload?.readableEnded ?? true)) keep()
        else socket.destroy()
      },
    },
    method,
  )
  const fail = (error: Error) => {
    release()
    reject(error)
    body.destroy(error)
    socket.destroy()
  }
  const detach = attach(socket, {
    error: fail,
    close: () => decoder.close() || fail(closed()),
    data: (chunk: Buffer) => {
      try {
        const rest = decoder.push(chunk)
        if (head) resolve({ ...head, body, upgraded: head.status === 101 ? upgraded(socket, rest) : undefined })
      } catch (error) {
        fail(error as Error)
      }
    },
  })
  const abort = () => fail(signal?.reason)
  const release = () => {
    detach()
    signal?.removeEventListener('abort', abort)
  }
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort, { once: true })
  return promise
}

/** A connection that speaks HTTP no more. */
function upgraded(socket: Socket, early: Buffer): Socket {
  socket.pause()
  if (early.length > 0) socket.unshift(early)
  return forgiveWrites(socket)
}

/** The code of a connection that ended in order, but too early: what was sent may have been read. */
export const CLOSED = 'ECONNABORTED'

const closed = (): Error => Object.assign(new Error('the connection was closed'), { code: CLOSED })
