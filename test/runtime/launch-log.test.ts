import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readExitRecord } from '../../src/runtime/exit-record.ts'
import { type LogOptions, readLog } from '../../src/runtime/log.ts'
import { exitCodeOf } from '../../src/runtime/protocol.ts'
import { MNT } from '../../src/sys/constants.ts'
import { linux } from '../../src/sys/kernel.ts'
import { Bench, shellProgram, skip, unframe } from './launch-fixture.ts'

const all: LogOptions = { stdout: true, stderr: true, framed: true, timestamps: false }
const raw: LogOptions = { ...all, framed: false }
const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${first + index}\n`).join('')

async function contents(stateDir: string, options: LogOptions = raw, signal?: AbortSignal): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(readLog(stateDir, options, signal)))
}

/** A record as the monitor writes it. */
function record(line: string, { time = 1_000_000_000n, stream = 1, flags = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(20 + Buffer.byteLength(line))
  bytes.writeBigUInt64LE(time, 0)
  bytes.writeUInt32LE(Buffer.byteLength(line), 8)
  bytes.set([stream, flags, 0x54, 0x4c], 12)
  bytes.write(line, 16)
  bytes.writeUInt32LE(bytes.length, bytes.length - 4)
  return bytes
}

async function temporaryDir(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'tscompose-log-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

test('everything a container writes is in its log, stream by stream, the unfinished last line too', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'seq 1 30000; echo err >&2; printf "no newline"' }))
  await monitor.exited
  const log = await contents(bench.stateDir, all)
  assert.ok(unframe(log, 1) === `${numbers(1, 30000)}no newline`)
  assert.equal(unframe(log, 2), 'err\n')
  const stderr = await contents(bench.stateDir, { ...all, stdout: false })
  assert.equal(unframe(stderr, 1), '')
  assert.equal(unframe(stderr, 2), 'err\n')
})

test('a line longer than 16 KiB is several records and one line', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(
    shellProgram({ script: 'head -c 100000 /dev/zero | tr "\\0" x; echo; echo y' }),
  )
  await monitor.exited
  const log = await contents(bench.stateDir, all)
  assert.ok(unframe(log, 1) === `${'x'.repeat(100_000)}\ny\n`)
  assert.equal(log.readUInt32BE(4), 16 * 1024)
})

test('a second run appends to the log of the first', { skip }, async () => {
  await using bench = await Bench.make()
  for (const word of ['one', 'two']) {
    const { monitor } = await bench.launch(shellProgram({ script: `echo ${word}` }))
    await monitor.exited
  }
  assert.equal((await contents(bench.stateDir)).toString(), 'one\ntwo\n')
})

test('what a killed monitor left of a record is cut off by the next run', { skip }, async () => {
  await using bench = await Bench.make()
  const torn = record('never finished').subarray(0, 25)
  await writeFile(join(bench.stateDir, 'log'), Buffer.concat([record('whole'), torn]))
  const { monitor } = await bench.launch(shellProgram({ script: 'echo after' }))
  await monitor.exited
  assert.equal((await contents(bench.stateDir)).toString(), 'whole\nafter\n')
})

test('the log is rotated between records, and the oldest file goes', { skip }, async () => {
  await using bench = await Bench.make()
  const log = { maxSize: 10_000, maxFiles: 3 }
  const { monitor } = await bench.launch(shellProgram({ script: 'seq 1 5000' }), { log })
  await monitor.exited
  assert.deepEqual((await readdir(bench.stateDir)).sort(), ['exit', 'log', 'log.1', 'log.2'])
  for (const name of ['log', 'log.1', 'log.2']) assert.ok((await stat(join(bench.stateDir, name))).size <= 10_000)
  const lines = (await contents(bench.stateDir)).toString().trimEnd().split('\n').map(Number)
  assert.equal(lines.at(-1), 5000)
  assert.ok(lines.length > 800)
  assert.ok(
    lines.every((line, index) => line === (lines[0] ?? 0) + index),
    'no gap',
  )
})

test('with one file only, the log begins anew', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'seq 1 1000' }), {
    log: { maxSize: 5000, maxFiles: 1 },
  })
  await monitor.exited
  assert.deepEqual((await readdir(bench.stateDir)).sort(), ['exit', 'log'])
  assert.ok((await contents(bench.stateDir)).toString().endsWith('\n1000\n'))
})

test('a full disk costs lines, but neither the format of the log, nor the exit record, nor the process', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  linux.mount('none', bench.stateDir, 'tmpfs', 0, 'size=64k')
  using _ = { [Symbol.dispose]: () => linux.umount2(bench.stateDir, MNT.DETACH) }
  const { monitor } = await bench.launch(shellProgram({ script: 'seq 1 100000; exit 8' }))
  const { status } = await monitor.exited
  assert.equal(exitCodeOf(status), 8)
  assert.equal((await readExitRecord(bench.stateDir))?.status, status)
  const lines = (await contents(bench.stateDir)).toString().trimEnd().split('\n')
  assert.ok(lines.length > 100)
  // Each line is there, or counted where it would be: the last ones, too, for whose count there was no room either.
  let next = 1
  for (const line of lines) {
    const [, missing] = /^\[tscompose: (\d+) lines? (?:is|are) missing here: the disk was full\] *$/.exec(line) ?? []
    if (missing === undefined) assert.equal(line, `${next}`)
    next += missing === undefined ? 1 : Number(missing)
  }
  assert.equal(next, 100_001)
})

test('tail finds the last lines, over several files and blocks', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'seq 1 20000' }), {
    log: { maxSize: 100_000, maxFiles: 20 },
  })
  await monitor.exited
  assert.ok((await readdir(bench.stateDir)).includes('log.3'))
  for (const tail of [0, 1, 10, 5000, 19_999, 20_000, 30_000]) {
    const expected = numbers(Math.max(1, 20_001 - tail), 20_000)
    assert.ok((await contents(bench.stateDir, { ...raw, tail })).toString() === expected, `tail ${tail}`)
  }
})

test('following ends with the process and misses nothing, through rotations too', { skip }, async () => {
  await using bench = await Bench.make()
  const script = 'i=0; while [ $i -lt 20 ]; do seq $((i * 500 + 1)) $((i * 500 + 500)); i=$((i + 1)); sleep 0.01; done'
  const { monitor } = await bench.launch(shellProgram({ script }), { log: { maxSize: 50_000, maxFiles: 10 } })
  const followed = await contents(bench.stateDir, { ...raw, follow: monitor.exited })
  assert.ok((await readdir(bench.stateDir)).includes('log.2'))
  assert.ok(followed.toString() === numbers(1, 10_000))
})

test('following begins before there is a log', async () => {
  await using dir = await temporaryDir()
  const over = Promise.withResolvers<void>()
  const reader = readLog(dir.path, { ...raw, follow: over.promise })
  const first = reader.next()
  await writeFile(join(dir.path, 'log'), record('first'))
  assert.equal((await first).value?.toString(), 'first\n')
  const second = reader.next()
  const bytes = record('second')
  await appendFile(join(dir.path, 'log'), bytes.subarray(0, 21))
  await appendFile(join(dir.path, 'log'), bytes.subarray(21))
  assert.equal((await second).value?.toString(), 'second\n', 'half a record is waited for')
  const third = reader.next()
  await rename(join(dir.path, 'log'), join(dir.path, 'log.1'))
  await writeFile(join(dir.path, 'log'), record('third'))
  assert.equal((await third).value?.toString(), 'third\n')
  const end = reader.next()
  over.resolve()
  assert.deepEqual(await end, { value: undefined, done: true })
})

test('an abort ends following', async () => {
  await using dir = await temporaryDir()
  const abort = new AbortController()
  const follow = new Promise(() => {})
  const reading = contents(dir.path, { ...raw, follow }, abort.signal)
  abort.abort(new Error('enough'))
  await assert.rejects(reading, { message: 'enough' })
})

test('timestamps, since and until', async () => {
  await using dir = await temporaryDir()
  const second = 1_700_000_000_000_000_000n
  const lines = ['a', 'b', 'c'].map((line, index) => record(line, { time: second + BigInt(index) * 1_000_000_001n }))
  await writeFile(join(dir.path, 'log'), Buffer.concat(lines))
  assert.equal(
    (await contents(dir.path, { ...raw, timestamps: true })).toString(),
    [
      '2023-11-14T22:13:20.000000000Z a',
      '2023-11-14T22:13:21.000000001Z b',
      '2023-11-14T22:13:22.000000002Z c',
      '',
    ].join('\n'),
  )
  assert.equal((await contents(dir.path, { ...raw, since: second + 1n })).toString(), 'b\nc\n')
  assert.equal((await contents(dir.path, { ...raw, until: second + 1_000_000_001n })).toString(), 'a\nb\n')
})

test('a log that ends within a record is read up to there, from the front and from the end', async () => {
  await using dir = await temporaryDir()
  const file = join(dir.path, 'log')
  await writeFile(file, Buffer.concat([record('a'), record('b'), record('cut')]))
  await truncate(file, record('a').length + record('b').length + 9)
  assert.equal((await contents(dir.path)).toString(), 'a\nb\n')
  assert.equal((await contents(dir.path, { ...raw, tail: 1 })).toString(), 'b\n')
})

test('where nothing was ever logged there is nothing', async () => {
  await using dir = await temporaryDir()
  assert.equal((await contents(dir.path)).length, 0)
})
