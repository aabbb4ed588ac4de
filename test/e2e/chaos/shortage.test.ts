import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageArchives, type Machine, newMachine, root, skip } from '../machine.ts'
import { ask, enginePid, killEngine } from './killer.ts'

const count = ['sh', '-c', 'n=0; while :; do echo line $n; n=$((n+1)); usleep 10000; done']

/** A machine whose data root is a small file system of its own, with a container that counts in its log. */
async function smallMachine(t: TestContext, options: string): Promise<Machine & { readonly data: string }> {
  const machine = await newMachine(t)
  const data = machine.env.TSCOMPOSE_DATA ?? ''
  await mkdir(data)
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', data])
  machine.defer(async () => {
    await machine.run(['engine', 'stop'])
    execFileSync('umount', [data])
  })
  machine.defer(() => machine.run(['container', 'rm', '-f', 'counter', 'late', 'other']))
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  await machine.ok(['container', 'run', '-d', '--name', 'counter', '--network', 'none', 'busybox', ...count])
  return { ...machine, data }
}

const notice = /^\[tscompose: (\d+) lines? (?:is|are) missing here: the disk was full\] *$/

const lines = async (machine: Machine) => (await machine.ok(['container', 'logs', 'counter'])).trimEnd().split('\n')

/** Until the log takes no further line: there is room in its last page when there is none on the disk. */
async function untilLogIsFull(machine: Machine): Promise<void> {
  const last = async () => (await lines(machine)).at(-1)
  for (let before = ''; before !== (await last()); await sleep(200)) before = (await last()) ?? ''
}

/** What needs room is refused with the code; what does not, works; afterwards everything does, with the same engine. */
async function survives(machine: Machine, code: string, relieve: () => void): Promise<void> {
  const pid = enginePid(machine)
  for (const args of [
    ['container', 'create', '--name', 'late', 'busybox', 'true'],
    ['volume', 'create', 'late'],
    ['network', 'create', 'late'],
    ['image', 'tag', 'busybox', 'late'],
    ['image', 'load', '-q', ...imageArchives('alpine')],
  ]) {
    const { code: status, stderr } = await machine.run(args)
    assert.notEqual(status, 0, args.join(' '))
    assert.match(stderr, new RegExp(`\\[${code}\\]`), args.join(' '))
  }
  assert.equal(await machine.ok(['container', 'exec', 'counter', 'echo', 'hi']), 'hi\n')
  await machine.ok(['container', 'kill', 'counter'])
  assert.match(
    await machine.ok(['container', 'ls', '-a', '--format', '{{.Names}} {{.Status}}']),
    /^counter Exited \(137\)/m,
  )
  relieve()
  assert.equal(enginePid(machine), pid)
  await machine.ok(['container', 'run', '--name', 'late', '--network', 'none', 'busybox', 'true'])
  for (const kind of ['volume', 'network']) {
    await machine.ok([kind, 'create', 'late'])
    await machine.ok([kind, 'rm', 'late'])
  }
  // What could not be written down meanwhile is, without any request: the next engine knows.
  const record = () => {
    const id = ids[0] ?? ''
    return readFileSync(join(machine.env.TSCOMPOSE_DATA ?? '', 'containers', id, 'container.json'), 'utf8')
  }
  const ids = [(await ask(machine, engine => engine.containerInspect('counter'))).Id]
  while (!record().includes('"exitCode":137')) await sleep(20)
  await killEngine(machine)
  const { State } = await ask(machine, engine => engine.containerInspect('counter'))
  assert.equal(State.ExitCode, 137)
  await machine.ok(['container', 'start', 'counter'])
}

test('a full disk is an error with a code, and no more than that', { skip }, async t => {
  const machine = await smallMachine(t, 'size=24m')
  const fill = join(machine.data, 'fill')
  assert.throws(() => execFileSync('dd', ['if=/dev/zero', `of=${fill}`, 'bs=64k'], { stdio: 'ignore' }))
  await untilLogIsFull(machine)
  await survives(machine, 'ENGINE_DISK_FULL', () => rmSync(fill))
  // One run ended while there was no room, and another has begun since: what is missing is counted at the end of the first.
  const runs = (await lines(machine)).join('\n').split(/^line 0$/m)
  assert.equal(runs.length, 3)
  for (const run of runs.slice(1)) {
    let next = 1
    for (const line of run.split('\n').filter(Boolean)) {
      const missing = Number(notice.exec(line)?.[1] ?? 0)
      if (!missing) assert.equal(line, `line ${next}`)
      next += missing || 1
    }
  }
  assert.match(runs[1] ?? '', /missing here.*\n$/)
})

test('lines that a full disk does not take are counted, and told where they would be', { skip }, async t => {
  const machine = await smallMachine(t, 'size=24m')
  const fill = join(machine.data, 'fill')
  assert.throws(() => execFileSync('dd', ['if=/dev/zero', `of=${fill}`, 'bs=4k'], { stdio: 'ignore' }))
  await untilLogIsFull(machine)
  rmSync(fill)
  const missing = (all: readonly string[]) => all.findIndex(line => notice.test(line))
  let all = await lines(machine)
  while (missing(all) < 0 || all.length < missing(all) + 2) all = await lines(machine)
  const at = missing(all)
  const number = (index: number) => Number(all[index]?.slice('line '.length))
  assert.equal(number(at + 1) - number(at - 1) - 1, Number(notice.exec(all[at] ?? '')?.[1]))
})

test('no inodes left: as a full disk', { skip }, async t => {
  const machine = await smallMachine(t, 'size=64m,nr_inodes=2000')
  const directory = join(machine.data, 'inodes')
  await mkdir(directory)
  let made = 0
  assert.throws(() => {
    for (; ; made++) writeFileSync(join(directory, `${made}`), '')
  }, /ENOSPC/)
  await survives(machine, 'ENGINE_DISK_FULL', () => rmSync(directory, { recursive: true }))
})

/** What the machine's administrator cannot do to a file system with open files, a bind mount does: no path is writable. */
test('a data root that becomes read-only under an engine is told, and what could not be restarted is afterwards', {
  skip,
}, async t => {
  const machine = await smallMachine(t, 'size=64m')
  const { data } = machine
  machine.defer(() => machine.run(['container', 'rm', '-f', 'phoenix']))
  const again = ['sh', '-c', 'sleep 0.2']
  await machine.ok(['container', 'run', '-d', '--name', 'phoenix', '--restart', 'always', 'busybox', ...again])
  const phoenix = async () => await ask(machine, engine => engine.containerInspect('phoenix'))
  // A start is written down a moment later: what the next engine knows of it is in this file.
  const written = join(data, 'containers', (await phoenix()).Id, 'container.json')
  while (!/"status":"(running|restarting)"/.test(readFileSync(written, 'utf8'))) await sleep(20)
  execFileSync('mount', ['--bind', data, data])
  machine.defer(
    () => readFileSync('/proc/self/mounts', 'utf8').includes(` ${data} tmpfs ro`) && execFileSync('umount', [data]),
  )
  execFileSync('mount', ['-o', 'remount,bind,ro', data])
  while (!/EROFS/.test((await phoenix()).State.Error)) await sleep(20)
  // What cannot be written down has not happened.
  const counter = () => ask(machine, engine => engine.containerInspect('counter'))
  const before = await counter()
  for (const args of [
    ['container', 'rename', 'counter', 'other'],
    ['container', 'update', '--memory', '100m', '--memory-swap', '100m', 'counter'],
    ['system', 'df'],
  ])
    assert.match((await machine.run(args)).stderr, /\[ENGINE_DISK_READ_ONLY\]/)
  const after = await counter()
  assert.deepEqual([after.Name, after.HostConfig.Memory], [before.Name, before.HostConfig.Memory])
  await survives(machine, 'ENGINE_DISK_READ_ONLY', () => execFileSync('umount', [data]))
  const { RestartCount } = await phoenix()
  while ((await phoenix()).RestartCount < RestartCount + 2) await sleep(20)
  await machine.ok(['system', 'df'])
})

test('a data root that is read-only is told, and no harm when it is writable again', { skip }, async t => {
  const machine = await smallMachine(t, 'size=64m')
  const mount = (mode: string) => execFileSync('mount', ['-o', `remount,${mode}`, machine.data])
  await machine.ok(['container', 'stop', '-t', '0', 'counter']) // a file system with open files stays writable
  await machine.ok(['engine', 'stop'])
  mount('ro')
  const { code, stderr } = await machine.run(['container', 'ls', '-a'])
  assert.equal(code, 1)
  assert.match(stderr, /\[ENGINE_DISK_READ_ONLY\]/)
  mount('rw')
  assert.match(await machine.ok(['container', 'ls', '-a', '--format', '{{.Names}}']), /counter/)
})

test('an engine can be started on a disk that is full', { skip }, async t => {
  const machine = await smallMachine(t, 'size=24m')
  const fill = join(machine.data, 'fill')
  assert.throws(() => execFileSync('dd', ['if=/dev/zero', `of=${fill}`, 'bs=4k'], { stdio: 'ignore' }))
  await machine.ok(['engine', 'stop'])
  assert.match(await machine.ok(['container', 'ls', '--format', '{{.Names}}']), /counter/)
  await machine.ok(['container', 'rm', '-f', 'counter'])
  rmSync(fill)
})

test('an engine that may not open another file says so, and goes on when it may', { skip }, async t => {
  const machine = await smallMachine(t, 'size=64m')
  await machine.ok(['engine', 'stop'])
  execFileSync('prlimit', ['--nofile=1024:1024', join(root, 'bin/tscompose'), 'engine', 'start'], { env: machine.env })
  const pid = enginePid(machine)
  const connections = await Promise.all(Array.from({ length: 820 }, () => connected(machine.socket)))
  const { code, stderr } = await machine.run(['container', 'run', '--name', 'late', 'busybox', 'true'])
  assert.notEqual(code, 0)
  assert.match(stderr, /768 connections to it are open \[ENGINE_FILES_EXHAUSTED\]/)
  for (const connection of connections) connection.destroy()
  while ((await machine.run(['container', 'run', '--name', 'late', 'busybox', 'true'])).code !== 0) await sleep(20)
  assert.equal(enginePid(machine), pid)
})

function connected(path: string): Promise<Socket> {
  const socket = connect(path)
  socket.on('error', () => {}).resume()
  return new Promise(resolve => socket.once('connect', () => resolve(socket)).once('close', () => resolve(socket)))
}

test('where no further process may be made, that is told', { skip }, async t => {
  const machine = await smallMachine(t, 'size=64m')
  const pids = pidsCgroup(`tscompose-test-${process.pid}`)
  if (!pids) return t.skip('the machine has no pids controller that can be used')
  const pid = enginePid(machine)
  writeFileSync(join(pids, 'cgroup.procs'), `${pid}`)
  machine.defer(async () => {
    await machine.run(['engine', 'stop'])
    for (const left of readFileSync(join(pids, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
      writeFileSync(join(pids, '../cgroup.procs'), left)
    rmdirSync(pids)
  })
  writeFileSync(join(pids, 'pids.max'), readFileSync(join(pids, 'pids.current'), 'utf8'))
  const { code, stderr } = await machine.run([
    'container',
    'run',
    '--name',
    'late',
    '--network',
    'none',
    'busybox',
    'true',
  ])
  assert.notEqual(code, 0)
  assert.match(stderr, /EAGAIN.*\[(ENGINE_PROCESSES_EXHAUSTED|RUNTIME_LAUNCH_FAILED)\]/)
  writeFileSync(join(pids, 'pids.max'), 'max')
  await machine.ok(['container', 'start', '-a', 'late'])
  assert.equal(enginePid(machine), pid)
  assert.equal(await machine.ok(['container', 'exec', 'counter', 'echo', 'hi']), 'hi\n')
})

/** A new cgroup that counts processes. */
function pidsCgroup(name: string): string | undefined {
  for (const root of ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']) {
    const path = join(root, name)
    if (!existsSync(join(root, 'cgroup.procs'))) continue
    mkdirSync(path)
    if (existsSync(join(path, 'pids.max'))) return path
    rmdirSync(path)
  }
  return undefined
}
