import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectEngine } from '../../src/engine/client/remote-engine.ts'
import { steadyEngine } from '../../src/engine/client/steady-engine.ts'

const body = '{"Id":"new"}'
const answer = `HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** An engine that does to its first request what the test says, and answers the others. */
async function steady(t: TestContext, first: (socket: Socket) => unknown) {
  const directory = await mkdtemp(join(tmpdir(), 'tscompose-steady-'))
  const socketPath = join(directory, 'x.sock')
  const heard: string[] = []
  const server = createServer({ pauseOnConnect: true }, async socket => {
    socket.on('error', () => undefined)
    connections.push(socket)
    if (connections.length === 1) return void first(socket)
    socket.on('data', data => {
      heard.push(String(data).split(' ', 2).join(' '))
      socket.write(answer)
    })
    socket.resume()
  })
  const connections: Socket[] = []
  server.listen(socketPath)
  await once(server, 'listening')
  let revivals = 0
  const remote = await connectEngine({ socketPath })
  const engine = steadyEngine(remote, async () => void revivals++)
  t.after(async () => {
    engine.close()
    for (const socket of connections) socket.destroy()
    server.close()
    await rm(directory, { recursive: true })
  })
  return { engine, heard, revivals: () => revivals }
}

/** Closes a connection with the request unread in it: the kernel tells the other side so. */
async function closeUnread(socket: Socket): Promise<void> {
  await sleep(50)
  socket.destroy()
}

/** Reads the request, and closes. */
function closeAfterReading(socket: Socket): void {
  socket.on('data', () => socket.destroy()).resume()
}

test('what the engine never heard of is told the next one', async t => {
  const { engine, heard, revivals } = await steady(t, closeUnread)
  const { Id } = await engine.containerCreate('web', { Image: 'busybox' })
  assert.equal(Id, 'new')
  assert.deepEqual(heard, ['POST /containers/create?name=web'])
  assert.equal(revivals(), 1)
})

test('what it may have begun is not, as it may have been done', async t => {
  const { engine, heard } = await steady(t, closeAfterReading)
  await assert.rejects(engine.containerCreate('web', { Image: 'busybox' }), { code: 'ENGINE_UNREACHABLE' })
  assert.deepEqual(heard, [])
})

test('but what comes to the same the second time is', async t => {
  const { engine, heard } = await steady(t, closeAfterReading)
  assert.equal(await engine.containerStart('web'), true)
  assert.deepEqual(heard, ['POST /containers/web/start'])
})
