import assert from 'node:assert/strict'
import { existsSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createRuntime } from '../../src/runtime/create-runtime.ts'
import { Bench, demultiplex, output, skip } from './container-bench.ts'

const [SIGKILL, SIGTERM] = [9, 15]

/** Waits until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await setTimeout(2))
    if (Date.now() > end) throw new Error(`not within 10 s: ${condition}`)
}

suite('the life of a container', { skip, concurrency: 2 }, () => {
  let bench: Bench
  before(async () => {
    bench = await Bench.make()
  })
  after(() => bench[Symbol.asyncDispose]())

  test('it ends with its exit code, and its output is whole', async () => {
    const { stdout, stderr, exitCode, oomKilled } = await bench.run('seq 1 20000; echo last >&2; exit 7')
    assert.deepEqual([stdout.split('\n').length, stderr, exitCode, oomKilled], [20_001, 'last\n', 7, false])
  })

  for (const init of [true, false])
    test(`kill -9 is exit code 137 ${init ? 'under' : 'without'} the reaper`, async () => {
      const { container, spec } = await bench.start('sleep 1000', { init })
      assert.equal(container.kill(SIGKILL), true)
      assert.equal((await container.exited).exitCode, 137)
      assert.equal(container.kill(SIGKILL), false)
      await bench.runtime.release(spec.id)
    })

  test('a program that handles no signals is stopped by SIGTERM, thanks to the reaper', async () => {
    const { container, spec } = await bench.start('exec sleep 1000')
    container.kill(SIGTERM)
    assert.equal((await container.exited).exitCode, 143)
    await bench.runtime.release(spec.id)
  })

  test('what it leaves in the background goes with it', async () => {
    const { container, spec } = await bench.start('sleep 1000 & sleep 1000 & exec sleep 1000')
    await until(() => container.pids().length === 4)
    const pids = container.pids()
    assert.ok(pids.includes(container.pid))
    container.kill(SIGKILL)
    await container.exited
    await until(() => pids.every(pid => !existsSync(`/proc/${pid}`)))
    await bench.runtime.release(spec.id)
  })

  test('standard input reaches it, and its end too', async () => {
    const spec = bench.spec('cat; echo end', { process: { stdin: true } })
    const { container } = await bench.runtime.launch(spec, { ...output, stdin: true, closeStdin: true })
    assert.ok(container.streams)
    container.streams.end('in\n')
    assert.deepEqual(await demultiplex(container.streams), { stdout: 'in\nend\n', stderr: '' })
    await container.exited
    await bench.runtime.release(spec.id)
  })

  test('a terminal is its controlling one, has a size, and is /dev/console', async () => {
    const script = 'tty; stty size; ls -l /dev/console | cut -c1; echo x > /dev/tty; stat -c %u /dev/pts/0'
    const user = { uid: 5, gid: 5, additionalGids: [] }
    const spec = bench.spec(script, {
      process: { terminal: true, stdin: true, consoleSize: { height: 33, width: 77 }, user },
    })
    const { container } = await bench.runtime.launch(spec, { ...output, stdin: true })
    assert.ok(container.streams)
    assert.equal(await text(container.streams), '/dev/pts/0\r\n33 77\r\nc\r\nx\r\n5\r\n')
    await bench.runtime.release(spec.id)
  })

  test('pause stops everything in it, unpause lets it go on, and kill reaches it paused', async () => {
    const { container, spec } = await bench.start('while :; do :; done')
    await container.pause()
    using reader = container.openStats()
    const used = () => reader.read().cpu.totalUsage
    const before = used()
    await setTimeout(50)
    assert.equal(used(), before)
    await container.unpause()
    await until(() => used() > before)
    await container.pause()
    container.kill(SIGKILL)
    assert.equal((await container.exited).exitCode, 137)
    await bench.runtime.release(spec.id)
  })

  test('limits are in its cgroup, can be changed, and are seen in its stats', async () => {
    const resources = {
      memory: { limit: 64 << 20 },
      pids: { limit: 50 },
      cpu: { shares: 512, quota: 50_000, period: 100_000 },
    }
    const { container, spec, warnings } = await bench.start('sleep 1000', { resources })
    assert.deepEqual(warnings, [])
    using reader = container.openStats()
    const { memory, pids } = reader.read()
    assert.deepEqual([memory.limit, pids.limit, pids.current], [64 << 20, 50, 2])
    assert.ok(memory.usage > 0)
    assert.deepEqual(container.update({ memory: { limit: 128 << 20 }, pids: { limit: 60 } }), [])
    assert.deepEqual([reader.read().memory.limit, reader.read().pids.limit], [128 << 20, 60])
    assert.throws(() => container.update({ cpu: { cpus: '4000' } }), { code: 'RUNTIME_LIMIT_REFUSED' })
    await bench.runtime.release(spec.id)
  })

  test('it can have no more processes than its limit', async () => {
    const { stderr } = await bench.run('for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; wait', {
      resources: { pids: { limit: 5 } },
    })
    assert.match(stderr, /fork.*Resource temporarily unavailable/)
  })

  test('one that the kernel kills for want of memory says so', async () => {
    const resources = { memory: { limit: 16 << 20, swap: 16 << 20 } }
    const { exitCode, oomKilled } = await bench.run('x=x; while :; do x=$x$x; done', { resources })
    assert.deepEqual([exitCode, oomKilled], [137, true])
  })

  test('exec joins everything the container has', async () => {
    const resources = { memory: { limit: 64 << 20 } }
    const { container, spec } = await bench.start('sleep 1000', { resources })
    const user = { uid: 3, gid: 4, additionalGids: [4] }
    const script =
      'hostname; id -u; cat /proc/1/comm; grep -E "^(Seccomp|CapEff|CapBnd):" /proc/self/status; pwd; cat; exit 5'
    const process = await bench.runtime.exec(container, bench.process(script, { user, cwd: '/bin', stdin: true }), {
      ...output,
      stdin: true,
      closeStdin: true,
    })
    for (const kind of ['mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'])
      assert.equal(
        readlinkSync(`/proc/${process.pid}/ns/${kind}`),
        readlinkSync(`/proc/${container.pid}/ns/${kind}`),
        kind,
      )
    assert.ok(container.pids().includes(process.pid))
    assert.ok(process.streams)
    process.streams.end() // only now it goes on to its end
    const { stdout } = await demultiplex(process.streams)
    assert.equal(stdout, 'box\n3\ninit\nCapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\nSeccomp:\t2\n/bin\n')
    assert.equal((await process.exited).exitCode, 5)
    await bench.runtime.release(spec.id)
  })

  test('exec with a terminal gets one of the container', async () => {
    const { container, spec } = await bench.start()
    const process = await bench.runtime.exec(
      container,
      bench.process('tty; echo in > /dev/tty', { terminal: true, stdin: true }),
      output,
    )
    assert.ok(process.streams)
    assert.match(await text(process.streams), /^\/dev\/pts\/0\r\nin\r\n$/)
    await bench.runtime.release(spec.id)
  })

  test('an exec is killed alone, and all execs with their container', async () => {
    const { container, spec } = await bench.start()
    const exec = () => bench.runtime.exec(container, bench.process('sleep 1000'))
    const [one, two] = await Promise.all([exec(), exec()])
    one.kill(SIGKILL)
    assert.equal((await one.exited).exitCode, 137)
    container.kill(SIGKILL)
    await container.exited
    assert.equal((await two.exited).exitCode, 137)
    await assert.rejects(exec(), { code: 'RUNTIME_LAUNCH_FAILED', message: /is not running/ })
    await bench.runtime.release(spec.id)
  })

  for (const [command, code, message] of [
    ['nonsense', 'RUNTIME_COMMAND_NOT_FOUND', /"nonsense".*PATH/],
    ['/no/such/file', 'RUNTIME_COMMAND_NOT_FOUND', /\/no\/such\/file/],
    ['/proc', 'RUNTIME_COMMAND_NOT_EXECUTABLE', /\/proc.*EACCES/],
  ] as const)
    test(`a command that cannot be run leaves nothing behind: ${command}`, async () => {
      const spec = bench.spec('', { process: { args: [command] }, init: command === '/proc' })
      await assert.rejects(bench.runtime.launch(spec), { code, message })
      await until(() => !bench.leftovers().some(item => item.includes(spec.id)))
      const { container, spec: other } = await bench.start()
      await assert.rejects(bench.runtime.exec(container, bench.process('', { args: [command] })), { code, message })
      await bench.runtime.release(other.id)
    })

  test('another engine finds it running, attaches, and sees it end', async () => {
    const { container, spec } = await bench.start('trap "echo caught; exit 3" TERM; while :; do sleep 0.01; done', {
      init: false,
    })
    bench.runtime.close()
    const next = createRuntime({ runDir: join(bench.base, 'run') })
    const adopted = await next.adopt(spec)
    assert.ok(adopted.status === 'running')
    assert.equal(adopted.container.pid, container.pid)
    assert.equal(adopted.container.startedAt.getTime(), container.startedAt.getTime())
    const stream = await adopted.container.attach(output)
    const process = await next.exec(adopted.container, bench.process('exit 4'))
    assert.equal((await process.exited).exitCode, 4)
    adopted.container.kill(SIGTERM)
    assert.equal((await demultiplex(stream)).stdout, 'caught\n')
    assert.equal((await adopted.container.exited).exitCode, 3)
    const again = await next.adopt(spec)
    assert.ok(again.status === 'exited')
    assert.deepEqual([again.exit.exitCode, again.exit.oomKilled], [3, false])
    await next.release(spec.id)
    await next.release(spec.id)
  })

  test('one that was never launched is lost', async () => {
    assert.deepEqual(await bench.runtime.adopt(bench.spec('')), { status: 'lost' })
  })

  test('when somebody kills its monitor, it ends, and its exit code is not known', async () => {
    const { container, spec } = await bench.start()
    const monitor = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${container.pid}/status`, 'utf8'))?.[1])
    process.kill(monitor, 'SIGKILL')
    assert.equal((await container.exited).exitCode, 255)
    await until(() => !existsSync(`/proc/${container.pid}`))
    await bench.runtime.release(spec.id)
  })
})

suite('what engines leave behind', { skip }, () => {
  test('after its end and release there is nothing of a container anywhere', async () => {
    await using bench = await Bench.make()
    const { container, spec } = await bench.start('sleep 1000 & sleep 1000')
    assert.notDeepEqual(bench.leftovers(), [])
    container.kill(SIGKILL)
    await container.exited
    await bench.runtime.release(spec.id)
    await until(() => bench.leftovers().length === 0)
  })

  test('release ends what still runs, also with processes in the pid namespace of the host', async () => {
    await using bench = await Bench.make()
    const namespaces = { pid: 'host', ipc: 'private', uts: 'private', cgroup: 'host', network: 'host' } as const
    const { container, spec } = await bench.start('sleep 1000 & sleep 1000', { namespaces })
    await until(() => container.pids().length === 2)
    container.kill(SIGKILL)
    await container.exited
    await bench.runtime.release(spec.id)
    await until(() => bench.leftovers().length === 0)
  })

  test('the next engine removes what it does not know, and only of its own run directory', async () => {
    await using bench = await Bench.make()
    await using neighbour = await Bench.make()
    const [known, unknown, foreign] = [await bench.start(), await bench.start(), await neighbour.start()]
    bench.runtime.close()
    const next = createRuntime({ runDir: join(bench.base, 'run') })
    assert.deepEqual(await next.removeUnknown([known.spec.id]), [unknown.spec.id])
    assert.equal((await next.adopt(known.spec)).status, 'running')
    assert.equal((await next.adopt(unknown.spec)).status, 'exited')
    assert.ok(existsSync(`/proc/${foreign.container.pid}`))
    next.close()
  })

  test('a launch over what a killed launch left works', async () => {
    await using bench = await Bench.make()
    const { container, spec } = await bench.start()
    bench.runtime.close()
    const next = createRuntime({ runDir: join(bench.base, 'run') })
    const { container: second } = await next.launch(spec)
    assert.notEqual(second.pid, container.pid)
    await until(() => !existsSync(`/proc/${container.pid}`))
    next.close()
  })
})
