import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { ExecInspect } from '../../src/engine/api.ts'
import { encodeFrame } from '../../src/engine/stream-frames.ts'
import { TscomposeError } from '../../src/errors.ts'
import { readAll, type Served, serve } from './served.ts'

/** A process that answers what it hears in capitals, and ends when its input does. */
function shouter(): { stream: Duplex; heard: () => string } {
  let heard = ''
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      heard += chunk
      this.push(String(chunk).toUpperCase())
      done()
    },
    final(done) {
      this.push('bye')
      this.push(null)
      done()
    },
  })
  return { stream, heard: () => heard }
}

const inspects = (tty: boolean) => ({
  containerInspect: async () => ({ Config: { Tty: tty } }) as never,
  execInspect: async () => ({ ProcessConfig: { tty }, DetachKeys: '' }) as ExecInspect,
})

const attachHead = (version = '/v1.51', upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n') =>
  `POST ${version}/containers/1/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: docker\r\n${upgrade}\r\n`

/** Everything that the server says to `request`, sent at once; `more` follows when it has begun to answer. */
async function talk(served: Served, request: string, more?: string): Promise<string> {
  const socket = served.dial()
  socket.write(request)
  if (more === undefined) socket.end()
  else once(socket, 'readable').then(() => socket.end(more))
  return readAll(socket)
}

const statusLine = (answer: string) => answer.slice(0, answer.indexOf('\r\n'))
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4)
const contentType = (answer: string) => /^content-type: (.*)\r$/im.exec(answer)?.[1]

test('an attached stream goes both ways, and the end of the input leaves the output open', async () => {
  const { stream, heard } = shouter()
  await using served = await serve({ ...inspects(true), containerAttach: async () => stream })
  const socket = await served.remote.containerAttach('1', { stream: true, stdin: true, stdout: true })
  socket.write('one ')
  await once(socket, 'readable')
  socket.end('two')
  assert.equal(await readAll(socket), 'ONE TWObye')
  assert.equal(heard(), 'one two')
  assert.deepEqual(served.calls.at(-1), ['containerAttach', '1', { stream: true, stdin: true, stdout: true }])
})

test('what follows an upgrade request in the same packet is input', async () => {
  await using served = await serve({ ...inspects(true), containerAttach: async () => shouter().stream })
  const answer = await talk(served, `${attachHead()}early`)
  assert.equal(statusLine(answer), 'HTTP/1.1 101 UPGRADED')
  assert.match(answer, /\r\nUpgrade: tcp\r\n/)
  assert.match(answer, /\r\nApi-Version: 1\.51\r\n/)
  assert.equal(bodyOf(answer), 'EARLYbye')
})

test('the body of an upgrade request is no input, whether anybody reads it or not', async () => {
  const heads: [string, string][] = [
    ['Content-Length: 15\r\n', '{"stream":true}'],
    ['Transfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['Transfer-Encoding: chunked\r\n', ''],
  ]
  for (const [header, body] of heads) {
    await using served = await serve({ ...inspects(true), containerAttach: async () => shouter().stream })
    const head = attachHead().replace(/\r\n\r\n$/, `\r\n${header}\r\n`)
    assert.equal(bodyOf(await talk(served, `${head}${body}early`)), 'EARLYbye')
  }
})

test('what follows the body of an upgrade request is input, wherever packets are cut', async () => {
  const body = '{"Tty":true}'
  const head =
    'POST /v1.51/exec/e/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n' +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  for (const cut of [3, head.length, head.length + 4, head.length + body.length, head.length + body.length + 2]) {
    await using served = await serve({ ...inspects(true), execStart: async () => shouter().stream })
    const socket = served.dial()
    const all = `${head}${body}early`
    socket.write(all.slice(0, cut))
    await new Promise(resolve => setImmediate(resolve))
    socket.end(all.slice(cut))
    assert.equal(bodyOf(await readAll(socket)), 'EARLYbye')
    assert.deepEqual(served.calls.at(-1), ['execStart', 'e', { Tty: true }])
  }
})

for (const [version, tty, expected] of [
  ['/v1.51', true, 'application/vnd.docker.raw-stream'],
  ['/v1.51', false, 'application/vnd.docker.multiplexed-stream'],
  ['', false, 'application/vnd.docker.multiplexed-stream'],
  ['/v1.41', false, 'application/vnd.docker.raw-stream'],
] as const)
  test(`the stream ${tty ? 'of a terminal' : 'without a terminal'} is ${expected} at ${version || 'no version'}`, async () => {
    await using served = await serve({ ...inspects(tty), containerAttach: async () => shouter().stream })
    assert.equal(contentType(await talk(served, attachHead(version))), expected)
  })

test('a client without upgrade gets 200 and raw bytes', async () => {
  const { stream, heard } = shouter()
  await using served = await serve({ ...inspects(true), containerAttach: async () => stream })
  const answer = await talk(served, attachHead('/v1.24', 'Content-Length: 0\r\n'), 'GET me this')
  assert.equal(statusLine(answer), 'HTTP/1.1 200 OK')
  assert.equal(contentType(answer), 'application/vnd.docker.raw-stream')
  assert.equal(bodyOf(answer), 'GET ME THISbye')
  assert.equal(heard(), 'GET me this')
})

test('a client without upgrade may send its input as a chunked body', async () => {
  await using served = await serve({ ...inspects(true), containerAttach: async () => shouter().stream })
  const head = attachHead('/v1.24', 'Transfer-Encoding: chunked\r\n')
  assert.equal(bodyOf(await talk(served, `${head}3\r\nabc\r\n`, '2\r\nde\r\n0\r\n\r\n')), 'ABCDEbye')
})

test('when the process ends the connection does, though the client goes on talking', async () => {
  const { stream } = shouter()
  await using served = await serve({ ...inspects(true), containerAttach: async () => stream })
  const socket = served.dial()
  socket.write(attachHead())
  await once(socket, 'readable')
  stream.push('last words')
  stream.push(null)
  socket.write('still there?')
  assert.match(await readAll(socket), /last words$/)
})

test('when the client is gone the stream is closed', async () => {
  const { stream } = shouter()
  stream.on('error', () => undefined)
  await using served = await serve({ ...inspects(true), containerAttach: async () => stream })
  const socket = await served.remote.containerAttach('1', { stream: true, stdin: true })
  socket.destroy()
  await once(stream, 'close')
})

test('the detach keys close the stream of a terminal, and are not heard by the process', async () => {
  const { stream, heard } = shouter()
  await using served = await serve({ ...inspects(true), containerAttach: async () => stream })
  const socket = await served.remote.containerAttach('1', { stream: true, stdin: true, stdout: true })
  socket.write('ls')
  socket.write('\x10')
  socket.write('\x11more')
  assert.equal(await readAll(socket), 'LS')
  assert.equal(heard(), 'ls')
  assert.ok(stream.destroyed)
})

test('other detach keys can be chosen', async () => {
  await using served = await serve({ ...inspects(true), containerAttach: async () => shouter().stream })
  const socket = await served.remote.containerAttach('1', { stream: true, stdin: true, detachKeys: 'x,y' })
  socket.write('ax\x10\x11xy')
  assert.equal(await readAll(socket), 'AX\x10\x11')
  await assert.rejects(served.remote.containerAttach('1', { detachKeys: 'long' }), { code: 'ENGINE_REQUEST_INVALID' })
})

test('without a terminal no keys detach', async () => {
  await using served = await serve({ ...inspects(false), containerAttach: async () => shouter().stream })
  const socket = await served.remote.containerAttach('1', { stream: true, stdin: true })
  socket.end('\x10\x11')
  assert.equal(await readAll(socket), '\x10\x11bye')
})

test('an exec that cannot be launched says so on its stream, as in Docker', async () => {
  for (const tty of [true, false]) {
    const failure = new TscomposeError('RUNTIME_COMMAND_NOT_FOUND', 'exec: "x": executable file not found in $PATH')
    await using served = await serve({ ...inspects(tty), execStart: () => Promise.reject(failure) })
    const answer = await talk(
      served,
      'POST /v1.51/exec/e/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n' +
        'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    )
    const words = Buffer.from(`${failure.message}\r\n`)
    assert.equal(statusLine(answer), 'HTTP/1.1 101 UPGRADED')
    assert.equal(bodyOf(answer), (tty ? words : encodeFrame('stdout', words)).toString('latin1'))
  }
})

test('the header of an exec is there before its process is: some libraries lose what comes in the same packet', async () => {
  const started = Promise.withResolvers<Duplex>()
  await using served = await serve({ ...inspects(true), execStart: () => started.promise })
  const socket = served.dial()
  socket.write(
    'POST /v1.51/exec/e/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n' +
      'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  )
  const [head] = await once(socket, 'data')
  assert.match(String(head), /^HTTP\/1\.1 101 UPGRADED\r\n[^]*\r\n\r\n$/)
  // The end of an empty input, too, may be there before the process.
  socket.end()
  setTimeout(() => started.resolve(shouter().stream), 50)
  assert.equal(await readAll(socket), 'bye')
})

test('other errors of an upgrade request are ordinary answers', async () => {
  const gone = new TscomposeError('ENGINE_CONTAINER_NOT_FOUND', 'No such container: 1')
  await using served = await serve({ containerInspect: () => Promise.reject(gone) })
  const answer = await talk(served, attachHead())
  assert.equal(statusLine(answer), 'HTTP/1.1 404 Not Found')
  assert.deepEqual(JSON.parse(bodyOf(answer)), { message: 'No such container: 1', code: 'ENGINE_CONTAINER_NOT_FOUND' })
})

test('megabytes go through, at the pace of the slower side', async () => {
  await using served = await serve({ ...inspects(false), containerAttach: async () => shouter().stream })
  const socket = await served.remote.containerAttach('1', { stream: true, stdin: true, stdout: true })
  const output = readAll(socket)
  for (let sent = 0; sent < 100; sent++) if (!socket.write('x'.repeat(100_000))) await once(socket, 'drain')
  socket.end()
  assert.equal((await output).length, 10_000_003)
})
