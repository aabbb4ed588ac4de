import assert from 'node:assert/strict'
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import { readExitRecord } from '../../src/runtime/exit-record.ts'
import { launch } from '../../src/runtime/launch.ts'
import { ProgramBuilder } from '../../src/runtime/program.ts'
import { standardStreams } from '../../src/runtime/program-streams.ts'
import { exitCodeOf } from '../../src/runtime/protocol.ts'
import { AT, CLONE, F, F_SEAL, O } from '../../src/sys/constants.ts'
import { linux } from '../../src/sys/kernel.ts'
import { Bench, begin, busybox, read, shellProgram, skip, unframe } from './launch-fixture.ts'

test('an exit code is told, and recorded before it is told', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'exit 3' }))
  const { status, finishedAt } = await monitor.exited
  assert.equal(exitCodeOf(status), 3)
  assert.deepEqual(await readExitRecord(bench.stateDir), { status, finishedAt, startedAt: monitor.startedAt })
  assert.deepEqual(await readdir(bench.runDir), [], 'the socket has gone')
})

for (const init of [true, false]) {
  test(`output of both streams is whole and in order, ${init ? 'with' : 'without'} init`, { skip }, async () => {
    await using bench = await Bench.make()
    const { streams, monitor } = await bench.run({ script: 'seq 1 100000; seq 1 50000 >&2; printf end', init })
    const output = await read(streams)
    const lines = (last: number) => `${Array.from({ length: last }, (_, index) => index + 1).join('\n')}\n`
    assert.ok(unframe(output, 1) === `${lines(100000)}end`)
    assert.ok(unframe(output, 2) === lines(50000))
    assert.equal(exitCodeOf((await monitor.exited).status), 0)
  })
}

test('what is typed when a process has ended does not cost its last words', { skip }, async () => {
  await using bench = await Bench.make()
  const { streams, monitor } = await bench.run({ script: 'echo last words', terminal: true })
  await monitor.exited
  await new Promise(resolve => streams.write('too late', resolve))
  assert.equal(`${await read(streams)}`, 'last words\r\n')
})

test('a signal to init reaches the program, which dies of it', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'exec sleep 1000' }))
  process.kill(monitor.pid, 'SIGTERM')
  assert.equal(exitCodeOf((await monitor.exited).status), 143)
})

test('a signal right after the launch is not lost', { skip }, async () => {
  await using bench = await Bench.make()
  const script = 'trap "exit 7" USR1; while :; do sleep 0.01; done'
  for (let round = 0; round < 5; round++) {
    const { monitor } = await bench.launch(shellProgram({ script: `trap "exit 7" TERM; kill -TERM 1; ${script}` }))
    assert.equal(exitCodeOf((await monitor.exited).status), 7)
  }
})

test('SIGKILL ends a container with 137', { skip }, async () => {
  await using bench = await Bench.make()
  for (const init of [true, false]) {
    const { monitor } = await bench.launch(shellProgram({ script: 'exec sleep 1000', init }))
    process.kill(monitor.pid, 'SIGKILL')
    assert.equal(exitCodeOf((await monitor.exited).status), 137)
  }
})

test('init is what ps shows as PID 1, holds the output for others to write to, and reaps orphans', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  const { monitor, streams } = await bench.run({
    // The child of the subshell is an orphan at once; when it is a zombie nobody but PID 1 can take it away.
    script: `cat /proc/1/comm; tr '\\0' '|' < /proc/1/cmdline; echo; (sleep 0.01 &); sleep 0.05; i=0
      while [ $i -lt 500 ] && grep -q ') Z' /proc/[0-9]*/stat; do sleep 0.01; i=$((i + 1)); done
      [ $i -lt 500 ] && echo reaped; echo $$; echo log > /proc/1/fd/1; echo error > /proc/1/fd/2; read wait`,
    stdin: true,
  })
  const fds = await readdir(`/proc/${monitor.pid}/fd`)
  assert.deepEqual(fds, ['1', '2'])
  streams.end()
  const output = await read(streams)
  const [comm, cmdline, ...rest] = unframe(output, 1).split('\n')
  assert.equal(comm, 'init')
  assert.equal(cmdline, 'init|')
  assert.deepEqual(rest, ['reaped', '2', 'log', ''], 'the program has pid 2')
  assert.equal(unframe(output, 2), 'error\n')
})

test('the program has no descriptor but its standard streams, and no blocked or ignored signal', { skip }, async () => {
  await using bench = await Bench.make()
  const p = begin()
  p.call('openat', [AT.FDCWD, '/etc', O.PATH | O.DIRECTORY, 0], { words: 'leak a descriptor of the host' })
  const { monitor } = await bench.launch(p.exec([busybox], ['sleep', '1000'], []))
  assert.deepEqual(await readdir(`/proc/${monitor.pid}/fd`), ['0', '1', '2'])
  const status = await readFile(`/proc/${monitor.pid}/status`, 'utf8')
  assert.match(status, /SigBlk:\t0{16}\nSigIgn:\t0{16}\n/)
})

test('nothing in the container can change the program that init is', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(shellProgram({ script: 'sleep 1000' }))
  const exe = `/proc/${monitor.pid}/exe`
  assert.match(await readlink(exe), /^\/memfd:tscompose-monitor/)
  const fd = linux.openat(AT.FDCWD, exe, O.RDONLY | O.CLOEXEC, 0)
  try {
    const seals = F_SEAL.WRITE | F_SEAL.SHRINK | F_SEAL.GROW | F_SEAL.SEAL
    assert.equal(linux.fcntl(fd, F.GET_SEALS, 0) & seals, seals)
  } finally {
    linux.close(fd)
  }
  await assert.rejects(writeFile(exe, 'x', { flag: 'r+' }))
})

test('a step that fails is told in its words, and nothing is left', { skip }, async () => {
  await using bench = await Bench.make()
  const failing = shellProgram({
    steps: p => {
      p.call('mount', ['proc', '/nowhere', 'proc', 0, null], { words: 'mount proc on /nowhere' })
    },
  })
  await assert.rejects(bench.launch(failing), {
    code: 'RUNTIME_LAUNCH_FAILED',
    message: 'mount proc on /nowhere: ENOENT (no such file or directory)',
  })
  assert.deepEqual(await readdir(bench.runDir), [])
  assert.deepEqual(await readdir(bench.stateDir), ['log'])
})

test('a program that cannot be compiled leaves nothing of what the monitor has prepared meanwhile', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  const { runDir, stateDir } = bench
  const compile = async () => {
    while (!(await readdir(runDir)).includes('monitor.sock')) await setImmediate()
    throw new RangeError('no program')
  }
  const options = { name: 'test', runDir, stateDir, stdin: false, terminal: false }
  await assert.rejects(launch(compile, options), { message: 'no program' })
  assert.deepEqual(await readdir(runDir), [])
  assert.deepEqual(await readdir(stateDir), [])
})

test('the monitor makes namespaces for the process', { skip }, async () => {
  await using bench = await Bench.make()
  const { streams } = await bench.run({ script: 'readlink /proc/self/ns/net' }, { unshare: CLONE.NEWNET })
  const inside = unframe(await read(streams), 1)
  assert.match(inside, /^net:/)
  assert.notEqual(inside.trim(), await readlink('/proc/self/ns/net'))
})

test('an errno that a step tolerates is no failure', { skip }, async () => {
  await using bench = await Bench.make()
  const { monitor } = await bench.launch(
    shellProgram({
      steps: p => {
        p.call('mkdirat', [AT.FDCWD, '/etc', 0o755], { tolerate: ['EROFS', 'EEXIST'] })
      },
    }),
  )
  assert.equal((await monitor.exited).status, 0)
})

test('a launch that is killed is told with the step and the signal', { skip }, async () => {
  await using bench = await Bench.make()
  const p = begin()
  p.clone(0, 'init')
  p.call('kill', [2, 9], { words: 'kill itself' })
  await assert.rejects(bench.launch(p.exec([busybox], ['true'], [])), {
    code: 'RUNTIME_LAUNCH_FAILED',
    message: 'kill itself: was killed by SIGKILL',
  })
})

test('a command that is not there differs from one that may not be executed', { skip }, async () => {
  await using bench = await Bench.make()
  const exec = (...candidates: string[]) => begin().exec(candidates, ['prog'], [])
  await assert.rejects(bench.launch(exec('/bin/nope', '/etc/passwd/x')), {
    code: 'RUNTIME_COMMAND_NOT_FOUND',
    message: 'cannot execute "prog": executable file not found in $PATH',
  })
  for (const candidates of [['/etc/passwd'], ['/etc/passwd', '/nope'], ['/etc']]) {
    await assert.rejects(bench.launch(exec(...candidates)), { code: 'RUNTIME_COMMAND_NOT_EXECUTABLE' })
  }
  const { monitor } = await bench.launch(exec('/nope', '/etc/passwd', '/bin/true'))
  assert.equal((await monitor.exited).status, 0, 'candidates are tried in order')
})

test('a process joins a container by CLONE_PARENT, and its pid is that of the host', { skip }, async () => {
  await using bench = await Bench.make()
  const container = await bench.launch(shellProgram({ script: 'sleep 1000' }))
  const pidfd = linux.pidfd_open(container.monitor.pid, 0)
  const p = new ProgramBuilder()
  p.clone(0, 'monitor')
  p.call('setns', [32, CLONE.NEWNS | CLONE.NEWPID | CLONE.NEWUTS], { words: 'join the container' })
  p.clone(CLONE.PARENT, 'exit')
  standardStreams(p, { stdin: false })
  p.call('setsid', [])
  const { monitor, streams } = await bench.launch(
    p.exec([busybox], ['sh', '-c', 'echo $$ $(cat /proc/1/comm); exit 5'], ['PATH=/usr/bin:/bin']),
    {
      inherit: [pidfd],
      runDir: undefined,
      stateDir: undefined,
      log: undefined,
      attach: { stdin: false, stdout: true, stderr: true, closeStdin: false },
    } as object,
  )
  linux.close(pidfd)
  assert.ok(monitor.pid > 10 && monitor.pid !== container.monitor.pid)
  assert.match(unframe(await read(streams as NonNullable<typeof streams>), 1), /^\d+ init\n$/)
  assert.equal(exitCodeOf((await monitor.exited).status), 5)
})

test('the monitor is named after what it runs, and gone when that has ended', { skip }, async () => {
  await using bench = await Bench.make()
  const name = `test-${process.pid}`
  const { monitor } = await bench.launch(shellProgram({ script: 'sleep 1000' }), { name })
  const status = await readFile(`/proc/${monitor.pid}/status`, 'utf8')
  const parent = /^PPid:\t(\d+)/m.exec(status)?.[1] ?? ''
  const cmdline = await readFile(`/proc/${parent}/cmdline`, 'utf8')
  assert.equal(cmdline, `tscompose-monitor\0${name}\0`)
  assert.equal(await readFile(`/proc/${parent}/comm`, 'utf8'), 'tscompose-mon\n')
  assert.equal(await readlink(`/proc/${parent}/cwd`), '/')
  process.kill(monitor.pid, 'SIGKILL')
  await monitor.exited
  for (let round = 0; (await readFile(join('/proc', parent, 'comm')).catch(() => undefined)) && round < 100; round++) {
    await sleep(10)
  }
  await assert.rejects(readFile(join('/proc', parent, 'comm')), { code: 'ENOENT' })
})
