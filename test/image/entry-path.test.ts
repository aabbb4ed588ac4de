import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entryPath, nodePath } from '../../src/image/unpack/entry-path.ts'
import { whiteoutOf } from '../../src/image/unpack/whiteout.ts'

const paths: [string, string][] = [
  ['a', '/a'],
  ['./a/b', '/a/b'],
  ['a/b/', '/a/b'],
  ['/etc/passwd', '/etc/passwd'],
  ['//a', '/a'],
  ['a//b', '/a/b'],
  ['a/./b', '/a/b'],
  ['a/../b', '/b'],
  ['a/b/..', '/a'],
  ['.', '/'],
  ['./', '/'],
  ['', '/'],
  ['..a/b..', '/..a/b..'],
  ['.hidden', '/.hidden'],
  ['./.hidden/x', '/.hidden/x'],
  ['...', '/...'],
  [' ', '/ '],
]
for (const [name, path] of paths) test(`"${name}" is ${path}`, () => assert.equal(entryPath(name), path))

for (const name of ['..', '../a', 'a/../../b', './../a', '/../etc/passwd', 'a/../..'])
  test(`"${name}" is outside of the layer`, () => assert.throws(() => entryPath(name), /is outside of the layer/))

test('a name that is no UTF-8 stays the bytes that it is', () =>
  assert.deepEqual(nodePath('/caf\xe9'), Buffer.from([0x2f, 0x63, 0x61, 0x66, 0xe9])))

const whiteouts: [string, ReturnType<typeof whiteoutOf>][] = [
  ['/a', undefined],
  ['/a.wh.b', undefined],
  ['/.wh.a/b', undefined],
  ['/.wh.a', { kind: 'removed', path: '/a' }],
  ['/d/.wh.a', { kind: 'removed', path: '/d/a' }],
  ['/d/.wh..hidden', { kind: 'removed', path: '/d/.hidden' }],
  ['/d/.wh..wh..opq', { kind: 'opaque', path: '/d' }],
  ['/.wh..wh..opq', { kind: 'opaque', path: '/' }],
  ['/.wh..wh.plnk', { kind: 'ignored', path: '/.wh..wh.plnk' }],
  ['/d/.wh.', { kind: 'ignored', path: '/d/.wh.' }],
  ['/d/.wh..', { kind: 'ignored', path: '/d/.wh..' }],
  ['/d/.wh...', { kind: 'ignored', path: '/d/.wh...' }],
]
for (const [path, whiteout] of whiteouts)
  test(`${path} is ${whiteout ? `a whiteout: ${whiteout.kind}` : 'no whiteout'}`, () =>
    assert.deepEqual(whiteoutOf(path), whiteout))
