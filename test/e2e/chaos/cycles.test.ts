import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RemoteEngine } from '../../../src/engine/client/remote-engine.ts'
import { imageArchives, type Machine, newMachine, skip } from '../machine.ts'
import { ask, enginePid, rounds } from './killer.ts'

async function machineOf(t: TestContext): Promise<Machine> {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  await machine.ok(['network', 'create', 'net'])
  machine.defer(() => machine.run(['network', 'rm', 'net']))
  return machine
}

const request = {
  Image: 'busybox',
  Cmd: ['sh', '-c', 'echo hello; exec sleep 1000'],
  HostConfig: { NetworkMode: 'net' },
}

async function start(engine: RemoteEngine, name: string): Promise<void> {
  await engine.containerCreate(name, request)
  await engine.containerStart(name)
}

/** What an engine holds: descriptors, and the names of its cgroups, devices, namespaces and run-time files. */
function holdings(machine: Machine): Record<string, number> {
  const run = machine.env.TSCOMPOSE_RUN ?? ''
  const data = machine.env.TSCOMPOSE_DATA ?? ''
  const instance = createHash('sha256').update(run).digest('hex')
  return {
    descriptors: readdirSync(`/proc/${enginePid(machine)}/fd`).length,
    threads: readdirSync(`/proc/${enginePid(machine)}/task`).length,
    children: readFileSync(`/proc/${enginePid(machine)}/task/${enginePid(machine)}/children`, 'utf8').split(' ').length,
    runFiles: globSync('**', { cwd: run }).length,
    dataFiles: globSync('{containers,networks,rubbish,addresses}/**', { cwd: data }).length,
    devices: readdirSync('/sys/class/net').filter(name => name.startsWith(`tsc${instance.slice(0, 4)}`)).length,
    cgroups: globSync(`/sys/fs/cgroup/{,*/}tscompose-${instance.slice(0, 12)}*{,/*}/`).length,
  }
}

/** PSS of a process in bytes: what is its own, and its share of what it has with others. */
const pss = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) * 1024

test('after a thousand lives of containers an engine holds no more than before', { skip }, async t => {
  const machine = await machineOf(t)
  const live = (turn: number) =>
    ask(machine, async engine => {
      const name = `cycle-${turn}`
      await start(engine, name)
      if (turn % 2) await engine.containerRestart(name, { timeout: 0 })
      await engine.containerStop(name, { timeout: 0 })
      await engine.containerDelete(name)
    })
  await ask(machine, engine => start(engine, 'lasting'))
  machine.defer(() => ask(machine, engine => engine.containerDelete('lasting', { force: true })))
  for (let turn = 0; turn < 10; turn++) await live(turn)
  await sleep(500)
  const before = holdings(machine)
  for (let turn = 0; turn < rounds(8) * 5; turn++) await live(turn)
  let after = holdings(machine)
  const grown = () => Object.entries(after).filter(([what, count]) => count > (before[what] ?? 0))
  for (let tries = 0; tries < 300 && grown().length > 0; tries++) {
    await sleep(10)
    after = holdings(machine)
  }
  assert.deepEqual(grown(), [], JSON.stringify(before))

  await sleep(4000) // it makes itself small when nobody has asked for a while
  const engine = pss(enginePid(machine) ?? 0)
  const { Pid } = (await ask(machine, engine => engine.containerInspect('lasting'))).State
  const monitor = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(join('/proc', `${Pid}`, 'status'), 'utf8'))?.[1])
  t.diagnostic(`PSS in kB: engine ${engine / 1024}, monitor ${pss(monitor) / 1024}, init ${pss(Pid) / 1024}`)
  assert.ok(engine < 90e6, `engine ${engine} bytes`)
  for (const pid of [monitor, Pid]) assert.ok(pss(pid) < 0.5e6, `${pss(pid)} bytes`)
})

test('a hundred containers are started, stopped and removed at once', { skip }, async t => {
  const machine = await machineOf(t)
  const names = Array.from({ length: Math.min(100, rounds(40)) }, (_, n) => `many-${n}`)
  machine.defer(() => machine.run(['container', 'rm', '-f', ...names]))
  const each = (work: (engine: RemoteEngine, name: string) => Promise<unknown>) =>
    Promise.all(names.map(name => ask(machine, engine => work(engine, name))))
  await each(start)
  const addresses = await each(
    async (engine, name) => (await engine.containerInspect(name)).NetworkSettings.Networks.net?.IPAddress,
  )
  assert.equal(new Set(addresses).size, names.length)
  const running = await ask(machine, engine => engine.containerList())
  assert.equal(running.length, names.length)
  await each((engine, name) => engine.containerStop(name, { timeout: 10 }))
  for (const state of await each(async (engine, name) => (await engine.containerInspect(name)).State))
    assert.equal((state as { ExitCode: number }).ExitCode, 143)
  await each((engine, name) => engine.containerDelete(name))
  assert.deepEqual(await ask(machine, engine => engine.containerList({ all: true })), [])
})
