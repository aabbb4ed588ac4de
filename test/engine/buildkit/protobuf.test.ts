import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  boolean,
  bytes,
  int64,
  integer,
  map,
  message,
  nested,
  ProtobufError,
  repeated,
  string,
} from '../../../src/engine/http/buildkit/rpc/protobuf.ts'

const inner = message({ a: integer(1) })
const all = message({
  number: integer(1),
  text: string(2),
  inner: nested(3, inner),
  big: int64(4),
  flag: boolean(5),
  raw: bytes(6),
  many: repeated(nested(7, inner)),
  words: repeated(string(8)),
  pairs: map(9, string),
  far: integer(1000),
})

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

test('the examples of the specification', () => {
  assert.deepEqual(all.encode({ number: 150 }), hex('08 96 01'))
  assert.deepEqual(all.encode({ text: 'testing' }), hex('12 07 74 65 73 74 69 6e 67'))
  assert.deepEqual(all.encode({ inner: { a: 150 } }), hex('1a 03 08 96 01'))
  assert.equal(all.decode(hex('08 96 01')).number, 150)
  assert.equal(all.decode(hex('12 07 74 65 73 74 69 6e 67')).text, 'testing')
  assert.deepEqual(all.decode(hex('1a 03 08 96 01')).inner, { a: 150 })
  // a negative number takes ten bytes
  assert.deepEqual(all.encode({ number: -2 }), hex('08 fe ff ff ff ff ff ff ff ff 01'))
  assert.equal(all.decode(hex('08 fe ff ff ff ff ff ff ff ff 01')).number, -2)
})

test('what is written is read again', () => {
  const value = {
    number: 0x8000_01ed,
    text: 'Ü',
    inner: { a: 1 },
    big: 1_700_000_000_123_456_789n,
    flag: true,
    raw: Buffer.from([0, 255]),
    many: [{ a: 1 }, { a: 2 }],
    words: ['', 'x'],
    pairs: new Map([
      ['__proto__', 'b'],
      ['c', ''],
    ]),
    far: 2 ** 40,
  }
  assert.deepEqual(all.decode(all.encode(value)), value)
})

test('absent fields have the values of proto3, and unknown ones are read over', () => {
  const absent = all.decode(hex(''))
  assert.deepEqual(
    [absent.number, absent.text, absent.inner, absent.many, absent.pairs.size],
    [0, '', undefined, [], 0],
  )
  // fields 20 to 23 in every wire type, and then a known one
  assert.equal(all.decode(hex('a001 05 a901 0000000000000000 b201 01ff bd01 00000000 08 07')).number, 7)
})

test('what is no message is an error, and never anything else', () => {
  for (const bad of [
    '08', // no value
    '08 ff ff ff ff ff ff ff ff ff ff 01', // a number of eleven bytes
    '08 ff ff ff ff ff ff ff 7f', // more than a number can hold
    '12 05 61', // a text that ends behind the message
    '12 ff ff ff ff ff ff ff ff ff 01 61', // the same by far
    '0a 01 61', // a text where a number belongs
    '10 01', // a number where a text belongs
    '0b', // a group
    '00 01', // field 0
    '1a 02 08', // a broken message within
    '4a 02 0a 05', // a broken entry of a map
    'a9 01 00', // eight bytes that are not there
  ])
    assert.throws(() => all.decode(hex(bad)), ProtobufError, bad)
  for (let length = 0; length < 4000; length++) {
    const random = Buffer.from(Array.from({ length: length % 40 }, (_, i) => (length * 7919 + i * i * 31) % 256))
    try {
      all.decode(random)
    } catch (error) {
      assert.ok(error instanceof ProtobufError, String(error))
    }
  }
})
