import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveUser } from '../../src/runtime/user.ts'

const files: Record<string, string> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n# a comment\nweb:x:33:33:web:/var/www:/bin/false\n1000:x:7:8::/odd:\n',
  '/etc/group': 'root:x:0:\nweb:x:33:\nadm:x:4:root,web\nlog:x:5:web\n77:x:0:\n',
}
const resolve = (user: string, groupAdd: string[] = []) => resolveUser(user, groupAdd, path => files[path])

test('no user is root, with the home and the groups of root', () => {
  assert.deepEqual(resolve(''), { uid: 0, gid: 0, additionalGids: [0, 4], home: '/root' })
})

test('a name has its own group, the groups it is a member of, and its home', () => {
  assert.deepEqual(resolve('web'), { uid: 33, gid: 33, additionalGids: [33, 4, 5], home: '/var/www' })
})

test('a number is looked up as well', () => {
  assert.deepEqual(resolve('33'), { uid: 33, gid: 33, additionalGids: [33, 4, 5], home: '/var/www' })
})

test('a number that nobody has is taken as it is, with group 0', () => {
  assert.deepEqual(resolve('4711'), { uid: 4711, gid: 0, additionalGids: [0], home: '/' })
})

test('a number is a number, whatever names an image has for its users', () => {
  assert.deepEqual(resolve('1000'), { uid: 1000, gid: 0, additionalGids: [0], home: '/' })
  assert.deepEqual(resolve('5:77').gid, 77)
})

test('a group that is named replaces all groups of the user', () => {
  assert.deepEqual(resolve('web:adm'), { uid: 33, gid: 4, additionalGids: [4], home: '/var/www' })
  assert.deepEqual(resolve('5:6'), { uid: 5, gid: 6, additionalGids: [6], home: '/' })
})

test('group_add takes names and numbers, each once', () => {
  assert.deepEqual(resolve('0:0', ['log', '99', 'log']).additionalGids, [0, 5, 99])
})

test('without the files only numbers are known', () => {
  assert.deepEqual(
    resolveUser('1:2', [], () => undefined),
    { uid: 1, gid: 2, additionalGids: [2], home: '/' },
  )
})

test('what is not known is an error in the words of Docker', () => {
  const code = 'RUNTIME_USER_UNKNOWN'
  assert.throws(() => resolve('x'), { code, message: 'unable to find user x: no matching entries in passwd file' })
  assert.throws(() => resolve('web:y'), { code, message: 'unable to find group y: no matching entries in group file' })
  assert.throws(() => resolve('', ['z']), {
    code,
    message: 'unable to find group z: no matching entries in group file',
  })
  assert.throws(() => resolve('4294967296'), { code })
})

test('files that a container has filled up are not taken apart', t => {
  const split = t.mock.method(String.prototype, 'split')
  const full = 'a:b:1:1:::\n:\n'.repeat(10_000)
  assert.equal(resolveUser('web', [], path => full + files[path]).uid, 33)
  assert.ok(split.mock.callCount() < 20)
})

test('names that are no names find nobody', () => {
  for (const name of ['\n', '\nroot', 'root:x', ' ', 'x\nroot:x:0:0'])
    assert.throws(() => resolve(name), { code: 'RUNTIME_USER_UNKNOWN' }, JSON.stringify(name))
  assert.deepEqual(resolveUser('1', [], () => ':x:1:1').additionalGids, [1])
})
