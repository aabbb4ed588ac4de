import assert from 'node:assert/strict'
import { closeSync, readFileSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import { AF, AT, F, F_SEAL, SOCK } from '../../src/sys/constants.ts'
import { describeErrno, errnoName, errnoNumber } from '../../src/sys/errno.ts'
import { addressOf, stringAt } from '../../src/sys/ffi.ts'
import { linux } from '../../src/sys/kernel.ts'
import { memfd, sealedProgram } from '../../src/sys/memfd.ts'
import { posixSpawn } from '../../src/sys/posix-spawn.ts'
import { reap } from '../../src/sys/reap.ts'

test('a call returns what the kernel returns', () => assert.equal(linux.getpid(), process.pid))

test('a call that fails throws the name of its errno and what it was about', () => {
  assert.throws(() => linux.chdir('/no/such/directory'), {
    name: 'SystemError',
    code: 'ENOENT',
    errno: 2,
    message: 'chdir /no/such/directory: ENOENT (no such file or directory)',
  })
})

test('the kernel writes into buffers that are passed', () => {
  const pair = Buffer.alloc(8)
  linux.socketpair(AF.UNIX, SOCK.STREAM | SOCK.CLOEXEC, 0, pair)
  const [one, two] = [pair.readInt32LE(0), pair.readInt32LE(4)]
  writeSync(one, 'over')
  closeSync(one)
  assert.equal(readFileSync(two, 'utf8'), 'over')
  closeSync(two)
})

test('a long string and several strings arrive whole', () => {
  assert.throws(() => linux.mkdirat(AT.FDCWD, `/${'x/'.repeat(50_000)}`, 0), { code: 'ENAMETOOLONG' })
  assert.throws(() => linux.mount('none', '/no/target', 'tmpfs', 0, 'size=1m'), { code: /ENOENT|EPERM/ })
})

test('errno has names and words', () => {
  assert.equal(errnoNumber('EACCES'), 13)
  assert.equal(errnoName(2), 'ENOENT')
  assert.equal(errnoName(11), 'EAGAIN')
  assert.equal(errnoName(10), 'ECHILD')
  assert.equal(errnoName(4711), 'E4711')
  assert.equal(describeErrno(13), 'EACCES (permission denied)')
})

test('the address of a buffer is where its bytes are', () => {
  const bytes = Buffer.from('hello\0there')
  assert.equal(stringAt(addressOf(bytes)), 'hello')
})

test('a sealed program can be changed by nobody', () => {
  const fd = sealedProgram('test', Buffer.from('content'))
  try {
    assert.equal(readFileSync(`/proc/self/fd/${fd}`, 'utf8'), 'content')
    const seals = linux.fcntl(fd, F.GET_SEALS, 0)
    for (const seal of ['WRITE', 'SHRINK', 'GROW', 'SEAL'] as const) assert.ok(seals & F_SEAL[seal], seal)
    assert.throws(() => writeSync(fd, 'x', 0), { code: 'EPERM' })
  } finally {
    closeSync(fd)
  }
})

test('a spawned program has its arguments, its environment, and the descriptors under their new numbers', async () => {
  const [one, two] = [memfd('one'), memfd('two')]
  try {
    const script = `echo "$0 $A" >&${two}; echo "$B" >&${one}; exit 5`
    const pid = await posixSpawn({
      path: '/bin/bash', // a shell that can redirect to descriptors above 9
      argv: ['bash', '-c', script, 'name'],
      env: ['A=a b', 'B=c', 'PATH=/bin:/usr/bin'],
      // Each source is the other's target.
      descriptors: [
        [one, two],
        [two, one],
      ],
    })
    assert.equal((await reap(pid)) >> 8, 5)
    assert.equal(readFileSync(`/proc/self/fd/${one}`, 'utf8'), 'name a b\n')
    assert.equal(readFileSync(`/proc/self/fd/${two}`, 'utf8'), 'c\n')
  } finally {
    closeSync(one)
    closeSync(two)
  }
})

test('a spawned program inherits nothing that is close-on-exec', async () => {
  const fd = memfd('other')
  try {
    const argv = ['sh', '-c', `[ -e /proc/self/fd/${fd} ]`]
    assert.equal((await reap(await posixSpawn({ path: '/bin/sh', argv, env: [], descriptors: [] }))) >> 8, 1)
    const passed = await posixSpawn({ path: '/bin/sh', argv, env: [], descriptors: [[fd, fd]] })
    assert.equal((await reap(passed)) >> 8, 0)
  } finally {
    closeSync(fd)
  }
})

test('a program that is not there is an error of the spawn', async () => {
  await assert.rejects(posixSpawn({ path: '/no/such', argv: ['x'], env: [], descriptors: [] }), {
    name: 'SystemError',
    code: 'ENOENT',
    syscall: 'posix_spawn',
  })
})
