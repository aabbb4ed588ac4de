import { randomInt } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { connect, isIPv6 } from 'node:net'
import { matchesQuery, type Query, rcode, rcodeOf, withId } from './message.ts'

const DNS_PORT = 53
/** How long a server may take. Resolvers of containers wait for five seconds altogether. */
const patienceMs = 2000
/** A program that asks without end must not use up the engine's descriptors. */
const mostAtOnce = 512
let atOnce = 0

export type Transport = 'udp' | 'tcp'

/**
 * Asks the servers, one after the other, and passes on the first answer that is one: bytes as the client would have got
 * them. Asked from the host's network namespace, so that a resolver on its loopback device will do.
 * @returns undefined when none has an answer
 */
export async function forward(
  bytes: Buffer,
  query: Query,
  servers: readonly string[],
  transport: Transport,
): Promise<Buffer | undefined> {
  if (atOnce >= mostAtOnce) return undefined
  atOnce++
  try {
    let last: Buffer | undefined
    for (const server of servers) {
      const id = randomInt(0x10000)
      const response = await ask(server, withId(bytes, id), transport).catch(() => undefined)
      if (response === undefined || !matchesQuery(response, query, id)) continue
      last = withId(response, query.id)
      const code = rcodeOf(response)
      if (code === rcode.noError || code === rcode.nxDomain) return last
    }
    return last
  } finally {
    atOnce--
  }
}

const ask = (server: string, bytes: Buffer, transport: Transport): Promise<Buffer> => {
  const signal = AbortSignal.timeout(patienceMs)
  return transport === 'udp' ? askByUdp(server, bytes, signal) : askByTcp(server, bytes, signal)
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
