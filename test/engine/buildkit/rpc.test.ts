import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeMessage, LARGEST_MESSAGE, MessageDecoder } from '../../../src/engine/http/buildkit/rpc/frames.ts'
import { decodeTrailers, encodeTrailers, GrpcError } from '../../../src/engine/http/buildkit/rpc/status.ts'

test('frames come out of chunks that are cut anywhere', () => {
  const messages = ['', 'a', 'message', 'x'.repeat(300)].map(text => Buffer.from(text))
  const stream = Buffer.concat(messages.map(encodeMessage))
  for (const size of [1, 2, 5, 7, stream.length]) {
    const decoder = new MessageDecoder()
    const found: string[] = []
    for (let at = 0; at < stream.length; at += size)
      for (const frame of decoder.push(stream.subarray(at, at + size))) found.push(frame.toString())
    decoder.end()
    assert.deepEqual(found, messages.map(String))
  }
})

test('a frame that is too large, compressed or cut off is an error before it is waited for', () => {
  const large = Buffer.alloc(5)
  large.writeUInt32BE(LARGEST_MESSAGE + 1, 1)
  assert.throws(() => new MessageDecoder().push(large), { code: 8 })
  assert.throws(() => new MessageDecoder().push(Buffer.from([1, 0, 0, 0, 1, 0])), { code: 12 })
  const decoder = new MessageDecoder()
  decoder.push(Buffer.from([0, 0, 0]))
  assert.throws(() => decoder.end(), GrpcError)
})

test('how a call ends is in its trailers, whatever the message', () => {
  assert.equal(decodeTrailers(encodeTrailers()), undefined)
  const trailers = encodeTrailers(new GrpcError(5, 'größer als 100%\nfrom here'))
  assert.match(String(trailers['grpc-message']), /^[\x20-\x7e]*$/)
  const { code, message } = decodeTrailers(trailers) as GrpcError
  assert.deepEqual({ code, message }, { code: 5, message: 'größer als 100%\nfrom here' })
  assert.equal(decodeTrailers({})?.code, 14)
  assert.equal(decodeTrailers({ 'grpc-status': 'x', 'grpc-message': '%zz' })?.code, 2)
})
