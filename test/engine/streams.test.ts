import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Bench, create, exec, exitCode, run, skip, textOf } from './fixture.ts'

const everything = { stream: true, stdin: true, stdout: true, stderr: true }

test('who attaches before the start misses nothing', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  for (let round = 0; round < 5; round++) {
    const id = await create(engine, bench, ['sh', '-c', 'echo first; echo second'])
    const streams = await engine.containerAttach(id, everything)
    await engine.containerStart(id)
    assert.equal(await textOf(streams), 'first\nsecond\n')
  }
})

test('several may attach before the start, and the end of all is the end of the program', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['sh', '-c', 'sleep 0.2; echo hello'])
  const attached = await Promise.all([1, 2].map(() => engine.containerAttach(id, everything)))
  await engine.containerStart(id)
  assert.deepEqual(await Promise.all(attached.map(textOf)), ['hello\n', 'hello\n'])
})

test('what is written to an attached container is its input, and the end of it, too', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['cat'], { OpenStdin: true, StdinOnce: true })
  const streams = await engine.containerAttach(id, everything)
  await engine.containerStart(id)
  streams.end('some text')
  assert.equal(await textOf(streams), 'some text')
  assert.equal(await exitCode(engine, id), 0)
})

test('a terminal has a size, and its stream is as it is', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['sh', '-c', 'test -t 0 && echo terminal $TERM'], {
    Tty: true,
    OpenStdin: true,
  })
  const streams = await engine.containerAttach(id, everything)
  await engine.containerStart(id)
  assert.equal(await text(streams), 'terminal xterm\r\n')
  assert.equal(await text(await engine.containerLogs(id, { stdout: true })), 'terminal xterm\r\n')
})

test('attaching to what already runs, with what it has said before', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sh', '-c', 'echo before; read line; echo after $line'], { OpenStdin: true })
  for await (const _ of await engine.containerLogs(id, { stdout: true, follow: true })) break
  const streams = await engine.containerAttach(id, { ...everything, logs: true })
  streams.write('a line\n')
  assert.equal(await textOf(streams), 'before\nafter a line\n')
})

test('those who waited for a container that is removed are let go', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await create(engine, bench, ['true'])
  const streams = await engine.containerAttach(id, everything)
  await engine.containerDelete(id)
  assert.equal(await textOf(streams), '')
})

test('a process joins a container with its user, directory and variables, or with its own', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'], { User: 'ann', WorkingDir: '/tmp', Env: ['A=1', 'B=2'] })
  assert.equal((await exec(engine, id, ['sh', '-c', 'id -u; pwd; echo $A$B $HOME'])).text, '1000\n/tmp\n12 /home/ann\n')
  assert.equal((await exec(engine, id, ['id', '-u'], 'root')).text, '0\n')
  const { Id } = await engine.execCreate(id, {
    Cmd: ['sh', '-c', 'echo $B; pwd; exit 6'],
    AttachStdout: true,
    Env: ['B=x'],
    WorkingDir: '/seed',
  })
  const streams = await engine.execStart(Id, {})
  assert.equal(streams && (await textOf(streams)), 'x\n/seed\n')
  const inspected = await engine.execInspect(Id)
  assert.equal(inspected.ContainerID, id)
  await assert.rejects(engine.execStart(Id, {}), { code: 'ENGINE_EXEC_STATE' })
})

test('exec reads its input to the end', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'])
  const { Id } = await engine.execCreate(id, { Cmd: ['cat'], AttachStdin: true, AttachStdout: true })
  const streams = await engine.execStart(Id, {})
  const big = 'x'.repeat(300_000)
  streams?.end(big)
  assert.ok(streams && (await textOf(streams)) === big)
})

test('exec of a command that is not there, and in a container that does not run', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'])
  const { Id } = await engine.execCreate(id, { Cmd: ['nowhere'], AttachStdout: true })
  await assert.rejects(engine.execStart(Id, {}), { code: 'RUNTIME_COMMAND_NOT_FOUND' })
  assert.equal((await engine.execInspect(Id)).ExitCode, 127)
  const stranger = await engine.execCreate(id, { Cmd: ['true'], User: 'stranger' })
  await assert.rejects(engine.execStart(stranger.Id, {}), { code: 'RUNTIME_USER_UNKNOWN' })
  assert.equal((await engine.execInspect(stranger.Id)).ExitCode, 126)
  await engine.containerStop(id)
  await assert.rejects(engine.execCreate(id, { Cmd: ['true'] }), { code: 'ENGINE_CONTAINER_NOT_RUNNING' })
  await assert.rejects(engine.execInspect('f00'), {
    code: 'ENGINE_EXEC_NOT_FOUND',
    message: 'No such exec instance: f00',
  })
})

test('a detached exec runs on by itself', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'])
  const { Id } = await engine.execCreate(id, { Cmd: ['touch', '/mark'] })
  assert.equal(await engine.execStart(Id, { Detach: true }), undefined)
  while ((await engine.execInspect(Id)).Running) await sleep(5)
  assert.equal((await exec(engine, id, ['ls', '/mark'])).exitCode, 0)
})

test('logs: streams, tail, since, times, and following to the end', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sh', '-c', 'echo 1; echo 2 >&2; sleep 0.2; echo 3'])
  const logs = async (options: object) => await textOf(await engine.containerLogs(id, options))
  assert.equal(await logs({ stdout: true, follow: true }), '1\n3\n')
  assert.equal(await logs({ stderr: true }), '2\n')
  assert.equal(await logs({ stdout: true, stderr: true, tail: '1' }), '3\n')
  assert.match(await logs({ stdout: true, tail: '1', timestamps: true }), /^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z 3\n$/)
  const { FinishedAt } = (await engine.containerInspect(id)).State
  assert.equal(await logs({ stdout: true, since: String(Date.parse(FinishedAt) / 1000 - 0.1) }), '3\n')
  await assert.rejects(logs({}), { message: 'You must choose at least one stream' })
})

test('without a log driver there is nothing to read', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['echo', 'x'], { HostConfig: { LogConfig: { Type: 'none' } } })
  await exitCode(engine, id)
  await assert.rejects(engine.containerLogs(id, { stdout: true }), { code: 'ENGINE_NOT_SUPPORTED' })
})

test('top shows the processes of the container and no other', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '12345'])
  const { Titles, Processes } = await engine.containerTop(id)
  assert.equal(Titles.join(' '), 'UID PID PPID C STIME TTY TIME CMD')
  assert.deepEqual(
    Processes.map(row => row.at(-1)).filter(command => command?.startsWith('sleep')),
    ['sleep 12345'],
  )
  const own = await engine.containerTop(id, 'ax -o pid,args')
  assert.deepEqual(own.Titles, ['PID', 'COMMAND'])
  assert.ok(own.Processes.some(([, command]) => command === 'sleep 12345'))
})
