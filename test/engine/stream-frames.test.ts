import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { decodeFrames, encodeFrame, FrameDecoder } from '../../src/engine/stream-frames.ts'

const text = Buffer.concat([
  encodeFrame('stdout', Buffer.from('hello\n')),
  encodeFrame('stderr', Buffer.alloc(0)),
  encodeFrame('stderr', Buffer.from('x'.repeat(300))),
])
const expected = [
  ['stdout', 'hello\n'],
  ['stderr', ''],
  ['stderr', 'x'.repeat(300)],
]

test('a frame has the stream, three zeros, and the length in front', () =>
  assert.equal(encodeFrame('stderr', Buffer.from('ab')).toString('hex'), '02000000000000026162'))

for (const size of [1, 3, 8, 9, 100, 1000])
  test(`frames are found in chunks of ${size} bytes`, () => {
    const decoder = new FrameDecoder()
    const found: string[][] = []
    for (let at = 0; at < text.length; at += size)
      for (const { stream, payload } of decoder.push(text.subarray(at, at + size))) found.push([stream, `${payload}`])
    decoder.end()
    assert.deepEqual(found, expected)
  })

test('the raw stream of a terminal is not taken for frames', () =>
  assert.throws(() => new FrameDecoder().push(Buffer.from('/ # ls -la\r\n')), { code: 'ENGINE_STREAM_INVALID' }))

test('a header whose reserved bytes are not zero is refused', () =>
  assert.throws(() => new FrameDecoder().push(Buffer.from('0100010000000000', 'hex')), {
    code: 'ENGINE_STREAM_INVALID',
  }))

test('a stream that ends within a frame is reported', async () => {
  const cut = Readable.from([text.subarray(0, text.length - 1)])
  await assert.rejects(Array.fromAsync(decodeFrames(cut)), { code: 'ENGINE_STREAM_INVALID' })
})

test('what the engine says on its own stream is thrown', async () => {
  const broken = Readable.from([Buffer.concat([text, encodeFrame('systemerr', Buffer.from('log file is gone\n'))])])
  const seen: string[] = []
  await assert.rejects(
    async () => {
      for await (const { payload } of decodeFrames(broken)) seen.push(`${payload}`)
    },
    { code: 'ENGINE_STREAM_FAILED', message: 'log file is gone' },
  )
  assert.equal(seen.length, 3)
})
