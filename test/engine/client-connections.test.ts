import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { connectEngine, type RemoteEngine } from '../../src/engine/client/remote-engine.ts'

/** A server that does with each connection what the test wants. */
async function listen(t: TestContext, serve: (socket: Socket, count: number) => void) {
  const directory = await mkdtemp(join(tmpdir(), 'tscompose-client-'))
  const socketPath = join(directory, 'x.sock')
  const sockets: Socket[] = []
  const server: Server = createServer(socket => {
    socket.on('error', () => undefined)
    sockets.push(socket)
    serve(socket, sockets.length)
  })
  server.listen(socketPath)
  await once(server, 'listening')
  const engine: RemoteEngine = await connectEngine({ socketPath })
  t.after(async () => {
    engine.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    await rm(directory, { recursive: true })
  })
  return { engine, sockets }
}

const ok = (body: string, more = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`
const answering = (text: string) => (socket: Socket) => void socket.on('data', () => socket.write(text))

test('a connection is used again', async t => {
  const { engine, sockets } = await listen(t, answering(ok('[]')))
  for (let round = 0; round < 5; round++) assert.deepEqual(await engine.containerList(), [])
  assert.equal(sockets.length, 1)
})

test('requests at the same time have a connection each', async t => {
  const { engine, sockets } = await listen(t, answering(ok('[]')))
  await Promise.all([engine.containerList(), engine.containerList(), engine.containerList()])
  assert.equal(sockets.length, 3)
})

test('a connection that the server wants to close is not used again', async t => {
  const { engine, sockets } = await listen(t, answering(ok('[]', 'Connection: close\r\n')))
  await engine.containerList()
  await engine.containerList()
  assert.equal(sockets.length, 2)
})

test('a connection that was closed in the meantime is not used again', async t => {
  const { engine, sockets } = await listen(t, answering(ok('[]')))
  await engine.containerList()
  sockets[0]?.end()
  await once(sockets[0] as Socket, 'close')
  assert.deepEqual(await engine.containerList(), [])
  assert.equal(sockets.length, 2)
})

test('an engine that goes away before its answer, or within it, is unreachable', async t => {
  for (const text of ['', 'HTTP/1.1 200', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n[']) {
    const { engine } = await listen(t, socket => void socket.on('data', () => socket.end(text)))
    await assert.rejects(engine.containerList(), { code: 'ENGINE_UNREACHABLE', message: /went away/ })
  }
})

test('what is not JSON, and what is not HTTP, is no answer', async t => {
  for (const text of [ok('<html>'), 'SSH-2.0\r\n\r\n', 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad']) {
    const { engine } = await listen(t, answering(text))
    await assert.rejects(engine.containerList(), { code: 'ENGINE_ANSWER_INVALID' })
  }
})

test('an answer that comes before the end of an upload ends the upload', async t => {
  const body = JSON.stringify({ message: 'no' })
  const { engine } = await listen(t, socket =>
    socket.once('data', () =>
      socket.write(
        `HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    ),
  )
  const endless = new Readable({ read: () => void endless.push(Buffer.alloc(1000)) })
  await assert.rejects(engine.imageLoad(endless, new AbortController().signal), { message: 'no' })
  if (!endless.closed) await once(endless, 'close')
})

test('an upload that fails fails the request', async t => {
  const { engine } = await listen(t, socket => void socket.resume())
  const broken = Readable.from(
    (function* () {
      yield Buffer.from('x')
      throw new Error('the disk is gone')
    })(),
  )
  await assert.rejects(engine.imageLoad(broken, new AbortController().signal), /the disk is gone/)
})
