import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import type { Answer } from './answer.ts'
import { DetachKeys } from './detach-keys.ts'
import { allRead } from './unread.ts'

/** How long a client may keep a connection open of which the engine's side has ended, in milliseconds. */
const LINGER = 10_000

type HijackAnswer = Extract<Answer, { readonly kind: 'hijack' }>
type UpgradeAnswer = Extract<Answer, { readonly kind: 'upgrade' }>
type Headers = Readonly<Record<string, string>>

/** Takes a connection whose client asked for an upgrade. Settles when the connection is closed. */
export async function hijackUpgraded(socket: Duplex, answer: HijackAnswer, headers: Headers): Promise<void> {
  const upgrade = { 'Content-Type': answer.contentType, Connection: 'Upgrade', Upgrade: 'tcp' }
  socket.write(head('101 UPGRADED', { ...headers, ...upgrade }))
  const stream = await answer.stream
  if (answer.headerAlone) {
    stream.on('error', () => {}) // told when it is joined
    await allRead(socket)
  }
  await join(socket, { ...answer, stream })
}

/** Goes on with the protocol that the client has asked for. Settles when whoever speaks it has ended. */
export function switchProtocols(socket: Duplex, answer: UpgradeAnswer, headers: Headers): Promise<void> {
  const upgrade = { ...answer.headers, Connection: 'Upgrade', Upgrade: answer.protocol }
  socket.write(head('101 Switching Protocols', { ...headers, ...upgrade }))
  return answer.serve(socket)
}

/**
 * Takes the connection of an ordinary request, as clients without upgrade expect it (Engine API before 1.22): after
 * the header come raw bytes. What the client sends is in a chunked body where it announced one, otherwise it follows
 * the request as raw bytes, too.
 */
export async function hijackPlain(request: IncomingMessage, answer: HijackAnswer, headers: Headers): Promise<void> {
  const { socket } = request
  const stream = await answer.stream
  const chunked = request.headers['transfer-encoding'] !== undefined && !request.readableEnded
  // The parser must not take raw bytes for the next request.
  if (!chunked) for (const event of ['data', 'end', 'timeout']) socket.removeAllListeners(event)
  socket.write(head('200 OK', { ...headers, 'Content-Type': answer.contentType }))
  await join(chunked ? Duplex.from({ readable: request, writable: socket }) : socket, { ...answer, stream })
}

const head = (status: string, headers: Headers): string =>
  `HTTP/1.1 ${status}\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

/** Carries bytes both ways; the end of the client's side is passed on while the other side goes on. */
export function join(
  client: Duplex,
  { stream, detachKeys }: Pick<HijackAnswer, 'detachKeys'> & { readonly stream: Duplex },
): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  if (client.destroyed) {
    stream.destroy()
    return Promise.resolve()
  }
  const keys = detachKeys && new DetachKeys(detachKeys)
  const farewell = () => {
    stream.destroy()
    if (client.writableEnded) return // said already: the end of the stream is followed by its close
    // A client may take its time to read: only then does its own end become due.
    client.end(() => setTimeout(() => client.destroy(), LINGER).unref())
    // To close with bytes unread would let the client read ECONNRESET in place of the end.
    client.resume()
  }
  // First of all: input that waits already may be the last there is.
  stream.pipe(client, { end: false })
  client.on('data', (chunk: Buffer) => {
    if (!stream.writable) return
    const { typed, detached } = keys?.push(chunk) ?? { typed: chunk, detached: false }
    if (typed.length > 0 && !stream.write(typed)) client.pause()
    if (detached) farewell()
  })
  const endInput = () => {
    stream.end()
    // A client that has left altogether is told from one that listens still: to that one nothing can be written.
    if (!client.writableEnded) client.write('')
  }
  if (client.readableEnded) endInput()
  else client.on('end', endInput)
  client.on('error', () => stream.destroy())
  client.on('close', () => {
    stream.destroy()
    resolve()
  })
  stream.on('drain', () => client.resume())
  stream.on('error', farewell)
  stream.on('close', farewell)
  stream.on('end', farewell)
  if (stream.destroyed) farewell()
  return closed
}
