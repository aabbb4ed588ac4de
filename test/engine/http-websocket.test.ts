import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { acceptKey, encodeFrame, webSocket } from '../../src/engine/http/websocket.ts'
import { encodeFrame as encodeStreamFrame } from '../../src/engine/stream-frames.ts'
import { readAll, serve } from './served.ts'

/** A frame as a client sends it: masked. */
function masked(opcode: number, text: string, final = true): Buffer {
  const payload = Buffer.from(text)
  const mask = Buffer.from([1, 2, 3, 4])
  const head = payload.length < 126 ? [payload.length | 0x80] : [126 | 0x80, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([
    Buffer.from([(final ? 0x80 : 0) | opcode, ...head]),
    mask,
    payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)),
  ])
}

test('the accepted key is that of the specification', () =>
  assert.equal(acceptKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='))

/** A connection whose client says `chunks`. @returns what it has heard when it is over, and what the messages were */
async function converse(...chunks: Buffer[]): Promise<{ heard: Buffer; said: string }> {
  const heard: Buffer[] = []
  const connection = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      heard.push(chunk)
      done()
    },
  })
  const messages = webSocket(connection)
  let said = ''
  messages.on('data', text => {
    said += text
  })
  for (const chunk of chunks) connection.push(chunk)
  if (!messages.destroyed) await once(messages, 'close')
  return { heard: Buffer.concat(heard), said }
}

const close = (code: number) => encodeFrame(8, Buffer.from([code >> 8, code & 0xff]))

test('messages come whole, in pieces, and cut anywhere; a ping is answered; the end is taken leave of', async () => {
  const long = 'x'.repeat(300)
  const all = Buffer.concat([masked(1, 'a'), masked(2, 'b', false), masked(9, 'hey'), masked(0, long), masked(8, '')])
  for (const size of [1, 7, all.length]) {
    const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
      all.subarray(at * size, (at + 1) * size),
    )
    const { heard, said } = await converse(...chunks)
    assert.equal(said, `ab${long}`)
    assert.deepEqual(heard, Buffer.concat([encodeFrame(10, Buffer.from('hey')), close(1000)]))
  }
})

test('what is not masked or too large is refused', async () => {
  assert.deepEqual((await converse(encodeFrame(2, Buffer.from('a')))).heard, close(1002))
  const large = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 0])
  assert.deepEqual((await converse(large)).heard, close(1009))
})

test('a container is attached to by a WebSocket', async () => {
  const stream = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      this.push(encodeStreamFrame('stderr', Buffer.from(String(chunk).toUpperCase())))
      this.push(null)
      done()
    },
  })
  await using served = await serve({
    containerInspect: async () => ({ Config: { Tty: false } }) as never,
    containerAttach: async () => stream,
  })
  const socket = served.dial()
  socket.write(
    'GET /v1.51/containers/1/attach/ws?stream=1&stdin=1&stderr=1 HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\n' +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  socket.write(masked(1, 'shout'))
  const answer = await readAll(socket)
  assert.match(answer, /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.match(answer, /^Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r$/m)
  const body = Buffer.concat([encodeFrame(2, Buffer.from('SHOUT')), close(1000)]).toString('latin1')
  assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), body)
})
