import assert from 'node:assert/strict'
import { globSync, readFileSync, statSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, imageArchives, newMachine, skip } from '../machine.ts'
import { ask, enginePid, rounds } from './killer.ts'

const MiB = 2 ** 20
const FLOOD = 32 * MiB

/** A number of a process: from `FILE`, the line that begins with `NAME:`; proc(5). */
const numberOf = (pid: number, file: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1])

const body = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', piece => {
        text += piece
      })
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })

test('one container that floods its log: no other loses a line or an answer, and the disk is not filled', {
  skip,
}, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  machine.defer(() => machine.run(['container', 'rm', '-f', 'flood', 'clock', 'web']))
  const port = await freePort()
  const run = (name: string, flags: readonly string[], script: string) =>
    machine.ok(['container', 'run', '-d', '--name', name, ...flags, 'busybox', 'sh', '-c', script])
  const bound = ['--log-opt', 'max-size=1m', '--log-opt', 'max-file=3']
  await run('flood', ['--network', 'none', ...bound], 'yes "$(printf %0100d 0)"')
  await run('clock', ['--network', 'none'], 'n=0; while :; do echo tick $n; n=$((n+1)); sleep 1; done')
  await run('web', ['-p', `127.0.0.1:${port}:80`], 'echo here > /index.html; exec httpd -f -h /')
  const { Id, State } = await ask(machine, engine => engine.containerInspect('flood'))
  const directory = join(machine.env.TSCOMPOSE_DATA ?? '', 'containers', Id)
  const engine = enginePid(machine) ?? 0
  const monitor = numberOf(State.Pid, 'status', 'PPid')

  // What costs the engine nothing can slow nobody down: the flood does not pass through it.
  const [read, written] = [numberOf(engine, 'io', 'rchar'), numberOf(monitor, 'io', 'wchar')]
  while (numberOf(monitor, 'io', 'wchar') < written + FLOOD) await sleep(20)
  const passed = numberOf(engine, 'io', 'rchar') - read
  assert.ok(passed < MiB, `the engine has read ${passed} bytes meanwhile`)

  // Nor does a follower that does not read: nothing of what it has not taken waits for it in the engine's memory.
  const follower = machine.start(['container', 'logs', '-f', 'flood'])
  t.after(() => follower.kill())
  const memory = numberOf(engine, 'status', 'VmRSS')
  for (const end = numberOf(monitor, 'io', 'wchar') + FLOOD; numberOf(monitor, 'io', 'wchar') < end; ) await sleep(20)
  const grown = numberOf(engine, 'status', 'VmRSS') - memory
  assert.ok(grown < FLOOD / 1024, `the engine has grown by ${grown} kB`)
  follower.stdout?.resume()
  const lines = async () => (await machine.ok(['container', 'logs', 'clock'])).trimEnd().split('\n')
  let longest = 0
  let answers = 0
  for (const end = (await lines()).length + rounds(3); (await lines()).length < end; ) {
    const began = performance.now()
    assert.equal(await body(port), 'here\n')
    await ask(machine, engine => engine.containerList())
    longest = Math.max(longest, performance.now() - began)
    answers++
    // Between two looks a file may be rotated away.
    const sizes = globSync('log*', { cwd: directory }).map(
      name => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0,
    )
    const size = sizes.reduce((sum, one) => sum + one, 0)
    assert.ok(size < 3.1 * MiB, `${size} bytes of logs`)
    await sleep(50)
  }
  t.diagnostic(`${answers} answers, the slowest after ${Math.round(longest)} ms`)
  const told = await lines()
  assert.deepEqual(
    told,
    told.map((_, n) => `tick ${n}`),
  )
})
