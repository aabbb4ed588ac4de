import { randomInt } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { connect, isIPv6 } from 'node:net'
import type { Portion } from '../service/portions.ts'
import { type InsideResolver, isLoopback } from './inside.ts'
import { matchesQuery, type Query, rcode, rcodeOf, withId } from './message.ts'

const DNS_PORT = 53
/** How long a server may take. Resolvers of containers wait for five seconds altogether. */
const patienceMs = 2000
/** After how much silence another one is asked, too. */
const silenceMs = 300
export type Transport = 'udp' | 'tcp'

/**
 * Asks the servers and passes on the first answer that is one: bytes as the client would have got them. The next server
 * is asked when one has failed, and also when it keeps silent: a resolver of a VPN that is down would cost every lookup
 * seconds. Asked from the host's network namespace, so that a resolver on its loopback device will do.
 * @param portion of the queries under way, which a program that asks without end must not have all of
 * @param inside asks those on the container's own loopback device instead
 * @returns undefined when none has an answer
 */
export async function forward(
  bytes: Buffer,
  query: Query,
  servers: readonly string[],
  transport: Transport,
  portion: Portion,
  inside?: InsideResolver,
): Promise<Buffer | undefined> {
  if (!portion.take()) return undefined
  const enough = new AbortController()
  try {
    return await firstAnswer(servers, server => ask(bytes, query, server, transport, enough.signal, inside))
  } finally {
    enough.abort()
    portion.giveBack()
  }
}

/** Of several failures the last is as good an answer as any: it says what the servers say. */
function firstAnswer(
  servers: readonly string[],
  ask: (server: string) => Promise<Buffer | undefined>,
): Promise<Buffer | undefined> {
  const { promise, resolve } = Promise.withResolvers<Buffer | undefined>()
  let next = 0
  let open = 0
  let last: Buffer | undefined
  let silence: NodeJS.Timeout | undefined
  const askNext = () => {
    clearTimeout(silence)
    const server = servers[next++]
    if (server === undefined) return open === 0 ? resolve(last) : undefined
    silence = setTimeout(askNext, silenceMs)
    open++
    void ask(server).then(response => {
      open--
      last = response ?? last
      if (response === undefined || !isConclusive(response)) return askNext()
      clearTimeout(silence)
      resolve(response)
    })
  }
  askNext()
  return promise
}

const isConclusive = (response: Buffer): boolean =>
  rcodeOf(response) === rcode.noError || rcodeOf(response) === rcode.nxDomain

/** The answer of one server with the client's id; undefined where there is none, or none to this query. */
async function ask(
  bytes: Buffer,
  query: Query,
  server: string,
  transport: Transport,
  enough: AbortSignal,
  inside: InsideResolver | undefined,
): Promise<Buffer | undefined> {
  const id = randomInt(0x10000)
  const signal = AbortSignal.any([enough, AbortSignal.timeout(patienceMs)])
  const sent = withId(bytes, id)
  const answer =
    inside && isLoopback(server)
      ? inside.ask(server, sent, signal)
      : (transport === 'udp' ? askByUdp : askByTcp)(server, sent, signal)
  const response = await answer.catch(() => undefined)
  return response && matchesQuery(response, query, id) ? withId(response, query.id) : undefined
}

/** A socket of its own for each query: a fresh port makes forged answers hopeless, and a refusal is heard at once. */
async function askByUdp(server: string, bytes: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = dgram.createSocket(isIPv6(server) ? 'udp6' : 'udp4')
  try {
    socket.connect(DNS_PORT, server)
    await once(socket, 'connect', { signal })
    socket.send(bytes)
    const [response] = (await once(socket, 'message', { signal })) as [Buffer]
    return response
  } finally {
    socket.close()
  }
}

async function askByTcp(server: string, bytes: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ port: DNS_PORT, host: server, signal })
  try {
    socket.write(framed(bytes))
    const frames = new Frames()
    for await (const chunk of socket) {
      const [frame] = frames.push(chunk as Buffer)
      if (frame) return frame
    }
    throw new Error(`${server} hung up`)
  } finally {
    socket.destroy()
  }
}

/** By TCP every message has its length in front (RFC 1035, 4.2.2). */
export function framed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Takes a stream apart into messages. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): readonly Buffer[] {
    let rest = Buffer.concat([this.#rest, chunk])
    const frames: Buffer[] = []
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0)
      frames.push(rest.subarray(2, end))
      rest = rest.subarray(end)
    }
    this.#rest = rest
    return frames
  }
}
