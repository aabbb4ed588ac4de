import dgram from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { connections, forwardedQueries, type Portion } from '../service/portions.ts'
import { Frames, forward, framed, type Transport } from './forward.ts'
import type { InsideResolver } from './inside.ts'
import {
  encodeRefusal,
  encodeResponse,
  limitOf,
  parseQuery,
  type Query,
  type ResourceRecord,
  rcode,
} from './message.ts'
import { Remembered } from './remembered.ts'
import { decide, normalName, type Zone } from './zone.ts'

const idleMs = 10_000

/** What a server answers from; asked for anew with every query. */
export interface View {
  /** Another one when names, addresses or networks have changed. */
  version(): number
  zones(): readonly Zone[]
  /** The name of another container that this one calls `name`, which is in lower case. */
  linked(name: string): string | undefined
  /** Servers for names that are not ours. */
  upstream(): readonly string[]
  /** For servers on the container's own loopback device. */
  readonly inside?: InsideResolver | undefined
}

/**
 * The bytes of the answer to the bytes of a query; undefined: none. What is known here is answered at once, since a
 * promise would cost as much as the answer.
 */
export function answer(
  bytes: Buffer,
  view: View,
  transport: Transport,
  portion: Portion,
): Buffer | undefined | Promise<Buffer | undefined> {
  const parsed = parseQuery(bytes)
  if ('malformed' in parsed) return parsed.malformed && encodeRefusal(parsed.malformed)
  const { query } = parsed
  const respond = (code: number, records: readonly ResourceRecord[] = []) =>
    encodeResponse(query, code, records, limitOf(query, transport))
  const name = normalName(query.name)
  const decision = decide(view.zones(), view.linked(name) ?? name, query.type)
  switch (decision.kind) {
    case 'addresses':
      return respond(
        rcode.noError,
        shuffled(decision.addresses).map(address => ({ type: addressType(query), address })),
      )
    case 'pointer':
      return respond(rcode.noError, [{ type: 'PTR', name: decision.name }])
    case 'nodata':
      return respond(rcode.noError)
    case 'nxdomain':
      return respond(rcode.nxDomain)
    case 'forward':
      return forward(bytes, query, view.upstream(), transport, portion, view.inside).then(
        response => response ?? respond(rcode.servFail),
      )
  }
}

const addressType = ({ type }: Query) => (type === 'AAAA' ? 'AAAA' : 'A')

/** In a new order each time, so that clients that take the first spread over the replicas. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1))
    ;[result[last], result[other]] = [result[other] as T, result[last] as T]
  }
  return result
}

/** The DNS server of one container, on sockets that were made in its network namespace. */
export class DnsServer implements AsyncDisposable {
  readonly #udp: dgram.Socket
  readonly #tcp: Server
  readonly #connections = new Set<Socket>()
  readonly #remembered = new Remembered()
  readonly #forwarded = forwardedQueries.portion()
  readonly #connected = connections.portion()

  constructor({ udpFd, tcpFd }: { udpFd: number; tcpFd: number }, view: View) {
    // Addresses come as numbers, so there is nothing to look up.
    this.#udp = dgram.createSocket({ type: 'udp4', lookup: (host, _, found) => found(null, host, 4) })
    this.#udp.on('message', (bytes, { port, address }) => {
      // The client may have gone when the answer comes; it asks again if not. A failure is an event, heard below.
      const reply = (response: Buffer | undefined) => response && this.#udp.send(response, port, address)
      const response = this.#answer(bytes, view)
      if (response instanceof Promise) void response.then(reply, () => {})
      else reply(response)
    })
    this.#udp.on('error', () => {})
    this.#udp.bind({ fd: udpFd })

    this.#tcp = createServer(connection => this.#serve(connection, view))
    this.#tcp.on('error', () => {})
    this.#tcp.listen({ fd: tcpFd })
  }

  #answer(query: Buffer, view: View): ReturnType<typeof answer> {
    const known = this.#remembered.find(query, view.version())
    if (known) return known
    const response = answer(query, view, 'udp', this.#forwarded)
    if (response instanceof Buffer) this.#remembered.add(query, response)
    return response
  }

  #serve(connection: Socket, view: View): void {
    if (!this.#connected.take()) return void connection.destroy()
    this.#connections.add(connection)
    connection.on('close', () => {
      this.#connections.delete(connection)
      this.#connected.giveBack()
    })
    connection.on('error', () => connection.destroy())
    connection.setTimeout(idleMs, () => connection.destroy())
    // Who does not read the answers may not ask on: they would fill the memory.
    connection.on('drain', () => connection.resume())
    const reply = (response: Buffer | undefined) =>
      response && connection.writable && (connection.write(framed(response)) || connection.pause())
    const frames = new Frames()
    connection.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk))
        void Promise.resolve(answer(frame, view, 'tcp', this.#forwarded)).then(reply, () => connection.destroy())
    })
  }

  /** Resolves when the sockets are closed: until then they keep the container's network namespace. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.destroy()
    await Promise.all([
      new Promise<void>(resolve => this.#udp.close(() => resolve())),
      new Promise<void>(resolve => this.#tcp.close(() => resolve())),
    ])
  }
}
