import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ResponseDecoder, type ResponseHead } from '../../src/engine/client/response-decoder.ts'

/** Decodes `text` in pieces of `size` bytes. */
function decode(text: string, size: number, closed = false) {
  let head: ResponseHead | undefined
  let body = ''
  let ended = 0
  const decoder = new ResponseDecoder({
    head: received => {
      head = received
    },
    data: chunk => {
      body += chunk
    },
    end: () => {
      ended++
    },
  })
  let rest = ''
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) rest = String(decoder.push(bytes.subarray(at, at + size)))
  const whole = closed ? decoder.close() : ended === 1
  return { status: head?.status, headers: Object.fromEntries(head?.headers ?? []), body, whole, rest }
}

const responses: readonly (readonly [name: string, text: string, expected: object])[] = [
  [
    'with a length',
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello',
    { status: 200, headers: { 'content-length': '5', 'x-a': 'b' }, body: 'hello', whole: true },
  ],
  [
    'in chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n',
    { body: 'hello', whole: true },
  ],
  [
    'with trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\nC: d\r\n\r\n',
    { body: '', whole: true },
  ],
  ['without a body', 'HTTP/1.1 204 No Content\r\nA: b\r\n\r\n', { status: 204, body: '', whole: true }],
  ['that is not modified', 'HTTP/1.1 304 Not Modified\r\n\r\n', { status: 304, whole: true }],
  ['of no bytes', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { body: '', whole: true }],
  [
    'after an interim one',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno',
    { status: 400, body: 'no', whole: true },
  ],
  ['that is cut off', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello', { body: 'hello', whole: false }],
]
for (const [name, text, expected] of responses)
  test(`a response ${name} is decoded wherever it is cut`, () => {
    for (const size of [1, 2, 3, 7, 1000]) {
      const decoded = decode(text, size)
      for (const [key, value] of Object.entries(expected)) assert.deepEqual(Reflect.get(decoded, key), value, `${size}`)
    }
  })

test('a body without a length ends with the connection', () => {
  const text = 'HTTP/1.1 200 OK\r\n\r\nuntil the end'
  assert.deepEqual(decode(text, 4, true).body, 'until the end')
  assert.equal(decode(text, 4, true).whole, true)
  assert.equal(decode('HTTP/1.1 200 OK\r\nContent-Le', 4, true).whole, false)
})

test('what follows an upgrade is left', () => {
  const { status, rest } = decode('HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nearly', 1000)
  assert.deepEqual([status, rest], [101, 'early'])
})

for (const garbage of [
  'SSH-2.0-OpenSSH\r\n\r\n',
  `HTTP/1.1 200 OK\r\n${'x'.repeat(100_000)}`,
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
])
  test(`${garbage.slice(0, 20).trim()}... is refused where it is no response`, () =>
    assert.throws(() => decode(garbage, 5000), { code: 'ENGINE_ANSWER_INVALID' }))
