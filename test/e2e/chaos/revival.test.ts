import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { on } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { leaks } from '../leaks.ts'
import { imageArchives, type Machine, newMachine, skip } from '../machine.ts'
import { ask, enginePid, keepersOf, killEngine } from './killer.ts'

/** Asks 127.0.0.11 for the address of `web` once; says so, and then what the answer was. */
const asksOnce = `
const query = Buffer.from('abcd01000001000000000000037765620000010001', 'hex')
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', answer => { console.log([...answer.subarray(-4)].join('.')); process.exit() })
socket.send(query, 53, '127.0.0.11', () => console.log('asked'))`

const another = async (machine: Machine, killed: number | undefined): Promise<number> => {
  for (;;) {
    const pid = enginePid(machine)
    if (pid !== undefined && pid !== killed) return pid
    await sleep(5)
  }
}

test('what depends on an engine outlasts its end', { skip }, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  machine.defer(() => machine.run(['network', 'rm', 'net']))
  machine.defer(() => machine.run(['container', 'rm', '-f', 'alone', 'crashing', 'stopped', 'web', 'client']))
  const run = (name: string, network: string) =>
    machine.ok(['container', 'run', '-d', '--name', name, '--network', network, 'busybox', 'sleep', '1000'])

  /** What is left of earlier engines might start the next one instead of what is to be tried. */
  const nobodyLeft = async (container: string) => {
    await machine.ok(['container', 'rm', '-f', container])
    await machine.ok(['engine', 'stop'])
    assert.deepEqual(await leaks(machine.env.TSCOMPOSE_RUN ?? ''), [])
  }

  await t.test(
    'where engine and keeper are killed together a monitor starts both, outside of its container',
    async () => {
      await run('alone', 'none')
      const killed = enginePid(machine)
      await killEngine(machine, { keeper: true })
      const pid = await another(machine, killed)
      for (const kind of ['net', 'ipc', 'uts', 'mnt', 'pid'])
        assert.equal(readlinkSync(`/proc/${pid}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`))
      assert.equal(await machine.ok(['container', 'exec', 'alone', 'echo', 'hi']), 'hi\n')
      await killEngine(machine) // the keeper that the monitor has started does what others do
      assert.equal(keepersOf(await another(machine, pid)).length, 1)
      await nobodyLeft('alone')
    },
  )

  await t.test('where all containers wait for their restart, they are started again all the same', async () => {
    await machine.ok(['container', 'run', '-d', '--name', 'crashing', '--restart', 'always', 'busybox', 'false'])
    const state = () => ask(machine, engine => engine.containerInspect('crashing'))
    let before = await state()
    // The wait doubles each time, so that there is no process of a container for more than a second now.
    for (; before.RestartCount < 5 || !before.State.Restarting; before = await state()) await sleep(20)
    const killed = enginePid(machine)
    await killEngine(machine, { keeper: true })
    await another(machine, killed)
    while ((await state()).RestartCount <= before.RestartCount) await sleep(20)
    await nobodyLeft('crashing')
  })

  await t.test('a container that ends while nobody is there to hear it is started again', async () => {
    await machine.ok(['container', 'run', '-d', '--name', 'alone', '--restart', 'always', 'busybox', 'sleep', '1000'])
    const { State } = await ask(machine, engine => engine.containerInspect('alone'))
    const killed = enginePid(machine)
    await killEngine(machine, { keeper: true })
    process.kill(State.Pid, 'SIGKILL')
    await another(machine, killed)
    const restarted = async () => (await ask(machine, engine => engine.containerInspect('alone'))).State
    while ((await restarted()).Status !== 'running') await sleep(20)
  })

  await t.test('an engine whose socket somebody removes makes room for another one', async () => {
    const before = enginePid(machine)
    rmSync(machine.socket)
    await another(machine, before)
    const { State, RestartCount } = await ask(machine, engine => engine.containerInspect('alone'))
    assert.deepEqual([State.Status, RestartCount], ['running', 1])
  })

  await t.test(
    'where somebody removes the whole run-time directory it is as after a restart of the machine',
    async () => {
      const before = enginePid(machine)
      for (const name of readdirSync(machine.env.TSCOMPOSE_RUN ?? '').filter(name => name !== 'netns'))
        rmSync(join(machine.env.TSCOMPOSE_RUN ?? '', name), { recursive: true, force: true })
      await another(machine, before)
      const state = async () => (await ask(machine, engine => engine.containerInspect('alone'))).State
      while ((await state()).Status !== 'running') await sleep(20)
      await nobodyLeft('alone')
      await run('alone', 'none')
    },
  )

  await t.test('none of them starts an engine that somebody has stopped', async () => {
    await machine.ok(['engine', 'stop'])
    await sleep(1500)
    assert.equal(enginePid(machine), undefined)
  })

  await t.test('a monitor that somebody has stopped keeps nobody else from his engine', async () => {
    await run('stopped', 'none')
    const { State } = await ask(machine, engine => engine.containerInspect('stopped'))
    const monitor = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${State.Pid}/status`, 'utf8'))?.[1])
    await machine.ok(['engine', 'stop'])
    process.kill(monitor, 'SIGSTOP')
    const states = await machine.ok(['container', 'ls', '-a', '--format', '{{.Names}} {{.State}}'])
    assert.match(states, /^stopped exited$/m)
    assert.match(states, /^alone running$/m)
    process.kill(monitor, 'SIGCONT')
  })

  await t.test('a name that is asked for while there is no engine is told by the next one', async () => {
    await machine.ok(['network', 'create', 'net'])
    await run('web', 'net')
    await run('client', 'net')
    const { State } = await ask(machine, engine => engine.containerInspect('client'))
    const { NetworkSettings } = await ask(machine, engine => engine.containerInspect('web'))
    const pid = enginePid(machine) ?? 0
    const [keeper = 0] = keepersOf(pid)
    process.kill(keeper, 'SIGSTOP')
    process.kill(pid, 'SIGKILL')
    const client = spawn('nsenter', ['-n', '-t', `${State.Pid}`, process.execPath, '-e', asksOnce])
    t.after(() => client.kill())
    for await (const [line] of on(createInterface(client.stdout), 'line')) {
      if (line === 'asked') process.kill(keeper, 'SIGCONT')
      else {
        assert.equal(line, NetworkSettings.Networks.net?.IPAddress)
        break
      }
    }
  })
})
