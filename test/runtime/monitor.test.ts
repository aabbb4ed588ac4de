import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { launch } from '../../src/runtime/launch.ts'
import { connectMonitor } from '../../src/runtime/monitor.ts'
import { exitCodeOf } from '../../src/runtime/protocol.ts'
import { Bench, read, readUntil, shellProgram, skip, unframe } from './launch-fixture.ts'

const both = { stdin: true, stdout: true, stderr: true, closeStdin: true }
const tick = () => sleep(20)

const parentOf = async (pid: number) =>
  Number(/^PPid:\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])

test('standard input arrives whole, and its end is the end', { skip }, async () => {
  await using bench = await Bench.make()
  const { streams } = await bench.run({ script: 'cat; echo "end" >&2', stdin: true })
  const input = Buffer.alloc(1_000_000, 'tscompose\n')
  streams.end(input)
  const output = await read(streams)
  assert.ok(unframe(output, 1) === input.toString())
  assert.equal(unframe(output, 2), 'end\n')
})

test('input for a program that does not read it neither blocks nor breaks anything', { skip }, async () => {
  await using bench = await Bench.make()
  const { streams, monitor } = await bench.run({ script: 'exec <&-; echo closed; sleep 0.1; exit 4', stdin: true })
  streams.write(Buffer.alloc(500_000, 'x'))
  assert.equal(unframe(await read(streams), 1), 'closed\n')
  assert.equal(exitCodeOf((await monitor.exited).status), 4)
})

test('a program that cannot be compiled leaves no monitor', { skip }, async () => {
  await using bench = await Bench.make()
  const { runDir, stateDir } = bench
  const name = `never-${process.pid}`
  const options = { name, runDir, stateDir, stdin: false, terminal: false }
  const compile = () => Promise.reject(new Error('no such thing'))
  await assert.rejects(launch(compile, options), { message: 'no such thing' })
  const monitors = globSync('/proc/[0-9]*/cmdline').filter(file => commandLine(file).includes(name))
  assert.deepEqual(monitors, [])
  assert.deepEqual(readdirSync(stateDir), [])
})

function commandLine(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it has gone
  }
}

test('standard input outlives a client that was not to close it', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'read a; read b; echo $a $b', stdin: true }), {
    stdin: true,
  })
  const first = await monitor.attach({ ...both, closeStdin: false })
  first.end('one\n')
  await tick()
  const second = await monitor.attach(both)
  second.end('two\n')
  assert.equal(unframe(await read(second), 1), 'one two\n')
})

test('several clients get the same output, and one that vanishes disturbs nobody', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'read go; seq 1 200000', stdin: true }), {
    stdin: true,
  })
  const clients = await Promise.all([1, 2, 3].map(() => monitor.attach({ ...both, closeStdin: false })))
  const [one, two, vanishing] = clients as [(typeof clients)[0], (typeof clients)[0], (typeof clients)[0]]
  const slow = await monitor.attach({ ...both, stdin: false })
  one.write('go\n')
  vanishing.once('data', () => vanishing.destroy())
  const outputs = Promise.all([one, two].map(read))
  await tick()
  const slowOutput = await read(slow)
  const [first, second] = await outputs
  assert.ok(first && second && unframe(first, 1) === unframe(second, 1))
  assert.ok(unframe(first, 1).endsWith('\n200000\n'))
  assert.ok(unframe(slowOutput, 1) === unframe(first, 1), 'a slow reader misses nothing')
})

test('a client may choose its streams', { skip }, async () => {
  await using bench = await Bench.make()
  const attach = { stdin: false, stdout: false, stderr: true, closeStdin: false }
  const { streams } = await bench.run({ script: 'echo out; echo err >&2' }, { attach })
  const output = await read(streams)
  assert.equal(unframe(output, 1), '')
  assert.equal(unframe(output, 2), 'err\n')
})

test('a client that stops reading does not hold up the exit for ever', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor, streams } = await bench.run({ script: 'seq 1 1000000; echo never', init: false })
  streams.pause()
  await tick()
  process.kill(monitor.pid, 'SIGKILL')
  assert.equal(exitCodeOf((await monitor.exited).status), 137)
})

test('a terminal has its size, its job control, and its bytes without frames', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor, streams } = await bench.run({ script: 'stty size; exec sh -i', terminal: true, stdin: true })
  const start = await readUntil(streams, '# ')
  assert.match(start, /^24 80\r\n/)
  assert.doesNotMatch(start, /job control/)
  monitor.resize(50, 132)
  streams.write('stty size\n')
  assert.match(await readUntil(streams, '132\r\n'), /50 132\r\n/)
  streams.write("sh -c 'echo up; exec sleep 1000'\n")
  await readUntil(streams, '\nup\r\n') // not the echo: the job is in the foreground then
  streams.write('\x03')
  streams.write('echo "ended with $?"\n')
  await readUntil(streams, 'ended with 130')
  streams.write('tty; exit 6\n')
  assert.match(await readUntil(streams, '/dev/pts/0'), /\/dev\/pts\/0/)
  assert.equal(exitCodeOf((await monitor.exited).status), 6)
})

test('a terminal without init works too, and its last output is not lost', { skip }, async () => {
  await using bench = await Bench.make()
  const { streams } = await bench.run({ script: 'seq 1 20000; printf end', terminal: true, init: false })
  const output = (await read(streams)).toString()
  assert.ok(output.startsWith('1\r\n2\r\n'))
  assert.ok(output.endsWith('\r\n20000\r\nend'))
})

test('closing the terminal in the container does not end it', { skip }, async () => {
  await using bench = await Bench.make()
  const script = 'exec 3>&1; exec 0<&- 1>&- 2>&- 3>&-; sleep 0.1; exec 1>/dev/tty; echo again'
  const { streams } = await bench.run({ script, terminal: true })
  assert.equal((await read(streams)).toString(), 'again\r\n')
})

test('the socket in the run directory is for its owner only, and its path may be long', { skip }, async () => {
  await using bench = await Bench.make()
  const runDir = join(bench.runDir, 'x'.repeat(120))
  await mkdir(runDir)
  const { monitor } = await bench.launch(shellProgram({ script: 'echo hi; sleep 1000' }), { runDir })
  assert.equal((await stat(join(runDir, 'monitor.sock'))).mode & 0o777, 0o600)
  using found = await connectMonitor(runDir)
  assert.equal(found?.pid, monitor.pid)
})

test('there is no monitor in an empty directory, nor after the end', { skip }, async () => {
  await using bench = await Bench.make()
  assert.equal(await connectMonitor(bench.runDir), undefined)
  const { monitor } = await bench.launch(shellProgram({}))
  await monitor.exited
  assert.equal(await connectMonitor(bench.runDir), undefined)
  assert.equal(await connectMonitor(join(bench.runDir, 'nowhere')), undefined)
  await assert.rejects(monitor.attach(both), { code: 'RUNTIME_MONITOR_LOST' })
})

test('a monitor that is killed is told of, and what connected to it ends', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor, streams } = await bench.run({ script: 'sleep 1000' })
  process.kill(await parentOf(monitor.pid), 'SIGKILL')
  await assert.rejects(monitor.exited, { code: 'RUNTIME_MONITOR_LOST' })
  assert.equal((await read(streams)).length, 0)
  process.kill(monitor.pid, 'SIGKILL')
})

test('a monitor that may have few descriptors still does its work', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor, streams } = await bench.run({ script: 'read go; echo done; exit 3', stdin: true })
  execFileSync('prlimit', ['--pid', String(await parentOf(monitor.pid)), '--nofile=64:64'])
  streams.end('go\n')
  assert.equal(unframe(await read(streams), 1), 'done\n')
  assert.equal(exitCodeOf((await monitor.exited).status), 3)
})

test('a container outlives its engine, and the next one finds it', { skip }, async () => {
  await using bench = await Bench.make()
  const engine = spawn(process.execPath, [
    join(import.meta.dirname, 'launch-and-wait.ts'),
    bench.runDir,
    bench.stateDir,
  ])
  const [pid] = await once(engine.stdout, 'data')
  engine.kill('SIGKILL')
  await once(engine, 'exit')
  using monitor = await connectMonitor(bench.runDir)
  assert.ok(monitor)
  assert.equal(monitor.pid, Number(pid))
  const streams = await monitor.attach(both)
  streams.write('go on\n')
  assert.ok(unframe(await read(streams), 1).endsWith('got go on\n'))
  assert.equal(exitCodeOf((await monitor.exited).status), 9)
  assert.match(await readFile(join(bench.stateDir, 'exit'), 'utf8'), /^status 2304\n/)
})
