import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageArchives, newMachine, skip } from '../machine.ts'
import { ask, enginePid, keepersOf, rounds } from './killer.ts'

const MiB = 2 ** 20

/** A shell that holds so much. */
const eat = (mebibytes: number) => [
  'sh',
  '-c',
  `x=$(head -c ${mebibytes * MiB} /dev/zero | tr '\\0' x); while :; do sleep 100; done`,
]
const count = ['sh', '-c', 'n=0; while :; do echo line $n; n=$((n+1)); usleep 20000; done']

/** A cgroup that is to be the whole memory of a machine. */
function memoryCgroup(name: string, bytes: number): string | undefined {
  for (const [root, file] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const path = join(root, name)
    if (!existsSync(join(root, 'cgroup.procs'))) continue
    mkdirSync(path)
    if (existsSync(join(path, file))) {
      writeFileSync(join(path, file), `${bytes}`)
      return path
    }
    rmdirSync(path)
  }
  return undefined
}

const score = (pid: number) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'))

/** Whether the machine lets processes be spared: capabilities(7), CAP_SYS_RESOURCE. */
const mayLower = () => {
  const [, mask = '0'] = /^CapEff:\s+(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return ((BigInt(`0x${mask}`) >> 24n) & 1n) === 1n
}

test('a machine without memory: whatever the kernel kills, no container is lost and no line of those that live', {
  skip,
}, async t => {
  const name = `tscompose-test-memory-${process.pid}`
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  const cgroup = memoryCgroup(name, 160 * MiB)
  if (!cgroup) return t.skip('the machine has no memory controller that can be used')
  machine.defer(async () => {
    await machine.run(['engine', 'stop'])
    for (let tries = 0; tries < 500 && readFileSync(join(cgroup, 'cgroup.procs'), 'utf8') !== ''; tries++)
      await sleep(10)
    rmdirSync(cgroup)
  })
  const hungry = ['hungry-0', 'hungry-1', 'hungry-2', 'hungry-3', 'hungry-4']
  machine.defer(() => machine.run(['container', 'rm', '-f', 'counter', ...hungry]))
  const first = enginePid(machine) ?? 0
  for (const pid of [...keepersOf(first), first]) writeFileSync(join(cgroup, 'cgroup.procs'), `${pid}`)

  const run = (name: string, command: readonly string[], restart = 'no') =>
    machine.ok([
      'container',
      'create',
      '--name',
      name,
      '--restart',
      restart,
      '--network',
      'none',
      '--cgroup-parent',
      name_,
      'busybox',
      ...command,
    ])
  const name_ = `/${name}`
  await run('counter', count)
  await machine.ok(['container', 'start', 'counter'])
  const { Pid } = (await ask(machine, engine => engine.containerInspect('counter'))).State
  const monitor = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${Pid}/status`, 'utf8'))?.[1])
  assert.equal(score(Pid), 0)
  assert.deepEqual([...keepersOf(first), monitor, first].map(score), mayLower() ? [-999, -999, -500] : [0, 0, 0])

  // Each has less than the engine, so that it is the engine whose turn comes first where it is not spared.
  for (const one of hungry) {
    await run(one, eat(40), 'always')
    await machine.run(['container', 'start', one])
  }
  const restarts = async () => {
    const all = await Promise.all(hungry.map(one => ask(machine, engine => engine.containerInspect(one))))
    return all.reduce((sum, { RestartCount }) => sum + RestartCount, 0)
  }
  const engines = new Set<number | undefined>()
  while ((await restarts()) < rounds(2)) engines.add(enginePid(machine))
  t.diagnostic(`${await restarts()} containers and ${engines.size - 1} engines were killed`)
  for (const one of hungry) await ask(machine, engine => engine.containerDelete(one, { force: true }))
  assert.equal(await machine.ok(['container', 'ls', '-a', '--format', '{{.Names}} {{.State}}']), 'counter running\n')
  const lines = (await machine.ok(['container', 'logs', 'counter'])).trimEnd().split('\n')
  assert.deepEqual(
    lines,
    lines.map((_, n) => `line ${n}`),
  )
})
