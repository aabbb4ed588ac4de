import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProgramBuilder } from '../../src/runtime/program.ts'
import { encodeProgram } from '../../src/runtime/program-encode.ts'
import { renderProgram } from '../../src/runtime/program-render.ts'
import { newSession, openTerminal, standardStreams } from '../../src/runtime/program-streams.ts'
import { AT, CLONE, MS, O } from '../../src/sys/constants.ts'
import { syscallNumber } from '../../src/sys/syscalls.ts'

const HEADER = 32
const STEP = 88

function words(encoded: Uint8Array): {
  u8(at: number): number
  u16(at: number): number
  u32(at: number): number
  u64(at: number): bigint
  string(at: bigint): string
} {
  const bytes = Buffer.from(encoded)
  return {
    u8: at => bytes.readUInt8(at),
    u16: at => bytes.readUInt16LE(at),
    u32: at => bytes.readUInt32LE(at),
    u64: at => bytes.readBigUInt64LE(at),
    string: at => bytes.toString('utf8', Number(at), bytes.indexOf(0, Number(at))),
  }
}

test('a program prints as one line a step, with the names of flags and of what a step is for', () => {
  const p = new ProgramBuilder()
  p.clone(CLONE.NEWNS | CLONE.NEWPID, 'monitor')
  p.call('mount', [null, '/', null, MS.REC | MS.PRIVATE, null], { words: 'detach from the mounts of the host' })
  const fd = p.call('openat', [AT.FDCWD, '/tmp', O.PATH | O.CLOEXEC, 0])
  p.call('mkdirat', [fd, 'x', 0o755], { tolerate: ['EEXIST'] })
  p.call('fchdir', [fd])
  p.clone(0, 'init')
  const program = p.exec(['/bin/true', '/usr/bin/true'], ['true'], ['A=1'])
  assert.equal(
    renderProgram(program),
    [
      '0  clone3(CLONE_NEWNS|CLONE_NEWPID)  # the parent: monitor',
      '1  mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)  # detach from the mounts of the host',
      '2  $2 = openat(AT_FDCWD, "/tmp", O_CLOEXEC|O_PATH, 0)',
      '3  mkdirat($2, "x", 0755)  # or EEXIST',
      '4  fchdir($2)',
      '5  clone3(0)  # the parent: init',
      '6  execve("/bin/true" or "/usr/bin/true", ["true"], env of 1)',
      '',
    ].join('\n'),
  )
})

test('streams and terminal are ordinary steps', () => {
  const p = new ProgramBuilder()
  standardStreams(p, { stdin: true })
  openTerminal(p, { height: 24, width: 80, uid: 7 })
  newSession(p, { terminal: true })
  const text = renderProgram(p.exec(['/x'], ['x'], []))
  assert.match(text, /dup3\(25, 0, 0\) {2}# set up standard input/)
  assert.match(text, /\$3 = openat\(AT_FDCWD, "\/dev\/pts\/ptmx", O_RDWR\|O_NOCTTY\|O_CLOEXEC, 0\)/)
  assert.match(text, /ioctl\(\$5, TIOCSWINSZ, <1800500000000000>\)/)
  assert.match(text, /fchownat\(\$5, "", 7, -1, AT_EMPTY_PATH\)/)
  assert.match(text, /ioctl\(0, TIOCSCTTY, 0\)/)
})

test('an encoded step holds opcode, number, tolerated errnos and operands', () => {
  const p = new ProgramBuilder()
  p.call('mkdirat', [AT.FDCWD, '/x', 0o700], { tolerate: ['EEXIST', 'EROFS'] })
  const encoded = words(encodeProgram(p.exec(['/x'], ['x'], [])))
  assert.equal(encoded.u32(0), 0x50435354)
  assert.equal(encoded.u32(8), 2)
  assert.equal(encoded.u8(HEADER), 0)
  assert.equal(encoded.u32(HEADER + 8), syscallNumber('mkdirat'))
  assert.deepEqual([encoded.u16(HEADER + 16), encoded.u16(HEADER + 18), encoded.u16(HEADER + 20)], [17, 30, 0])
  assert.equal(encoded.u64(HEADER + 32), BigInt.asUintN(64, -100n))
  assert.deepEqual([encoded.u8(HEADER + 1), encoded.u8(HEADER + 2), encoded.u8(HEADER + 3)], [0, 1, 0])
  assert.equal(encoded.string(encoded.u64(HEADER + 40)), '/x')
  assert.equal(encoded.u8(HEADER + STEP), 2)
})

test("words are 64 bits of two's complement, whatever they are given as", () => {
  const p = new ProgramBuilder()
  const given = [-1, -100n, 2 ** 40 + 5, 0xffff_ffff, -(2 ** 33), 0x8000_0000_0000_0000n]
  p.call('ioctl', [0, 1, { words: given }])
  const { u64 } = words(encodeProgram(p.exec(['/x'], ['x'], [])))
  const at = Number(u64(HEADER + 48))
  given.forEach((word, index) => {
    assert.equal(u64(at + index * 8), BigInt.asUintN(64, BigInt(word)), String(word))
  })
})

test('a program larger than its first memory is whole', () => {
  const p = new ProgramBuilder()
  const env = Array.from({ length: 5000 }, (_, index) => `NAME_${index}=${'x'.repeat(50)}`)
  const encoded = encodeProgram(p.exec(['/x'], ['x'], env))
  const { u64, string } = words(encoded)
  const at = Number(u64(HEADER + 48))
  assert.deepEqual(
    env.map((_, index) => string(u64(at + index * 8))),
    env,
  )
})

test('the result of a step is the place where the interpreter stores it', () => {
  const p = new ProgramBuilder()
  const fd = p.call('openat', [AT.FDCWD, '/', O.PATH, 0])
  p.call('fchdir', [fd])
  const encoded = words(encodeProgram(p.exec(['/x'], ['x'], [])))
  assert.equal(encoded.u8(HEADER + STEP + 1), 2)
  assert.equal(encoded.u64(HEADER + STEP + 32), BigInt(HEADER + 80))
})

test('a result cannot be used before its step', () => {
  const p = new ProgramBuilder()
  p.call('fchdir', [{ resultOf: 0 }])
  assert.throws(() => encodeProgram(p.exec(['/x'], ['x'], [])), RangeError)
})

test('equal strings and the same buffer are stored once, pointers in words are relocated', () => {
  const p = new ProgramBuilder()
  const buffer = new Uint8Array([1, 2, 3])
  p.call('ioctl', [0, 1, buffer])
  p.call('ioctl', [0, 1, { words: [7, buffer, null, 'text'] }])
  const encoded = encodeProgram(p.exec(['/text', 'text'], ['text'], []))
  const { u32, u64, string } = words(encoded)
  const inWords = Number(u64(HEADER + STEP + 32 + 16))
  assert.equal(u64(inWords), 7n)
  assert.equal(u64(inWords + 8), u64(HEADER + 32 + 16), 'the same buffer')
  assert.equal(u64(inWords + 16), 0n)
  assert.equal(string(u64(inWords + 24)), 'text')
  const argv = Number(u64(HEADER + 2 * STEP + 40))
  assert.equal(u64(argv), u64(inWords + 24), 'the same string')
  const relocations = Array.from({ length: u32(16) }, (_, index) => u32(u32(12) + index * 4))
  for (const place of [inWords + 8, inWords + 24, argv]) assert.ok(relocations.includes(place))
  assert.ok(!relocations.includes(inWords))
})

test('a string with a NUL byte is refused: the kernel would see only its beginning', () => {
  const p = new ProgramBuilder()
  p.call('chdir', ['/a\0b'])
  assert.throws(() => encodeProgram(p.exec(['/x'], ['x'], [])), TypeError)
})
