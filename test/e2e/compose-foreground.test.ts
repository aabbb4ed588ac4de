import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Machine, newMachine, root, skip } from './machine.ts'

/** Services run on the machine's own programs: nothing has to be built or loaded. */
const yaml = `
services:
  polite:
    image: rootfs:/
    command: [sh, -c, 'trap "echo bye; exit 9" TERM; echo out; echo err >&2; while :; do sleep 0.05; done']
    stop_grace_period: 20s
  stubborn:
    image: rootfs:/
    command: [sh, -c, 'trap "" TERM; echo here; while :; do sleep 0.05; done']
    stop_grace_period: 60s
  counter:
    image: rootfs:/
    command: [sh, -c, 'i=0; while [ ! -e /tmp/end ]; do i=$$((i+1)); echo "n $$i"; sleep 0.05; done; echo over; exit 3']
  job:
    image: rootfs:/
    command: [sh, -c, 'printf "first\\n\\nlast without an end"; exit \${CODE:-0}']
`

async function project(t: Parameters<typeof newMachine>[0]): Promise<{ machine: Machine; cwd: string }> {
  const machine = await newMachine(t)
  const cwd = await machine.project('fore', { 'compose.yaml': yaml })
  machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  return { machine, cwd }
}

/** What a process writes, and its end. */
function watch(child: ChildProcess) {
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', chunk => {
      text[name] += chunk
    })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const until = async (stream: 'stdout' | 'stderr', expected: string) => {
    while (!text[stream].includes(expected)) {
      const over = await Promise.race([
        ended.then(() => true),
        new Promise(resolve => child[stream]?.once('data', resolve)),
      ])
      assert.ok(
        over !== true || text[stream].includes(expected),
        `it ended without "${expected}":\n${text.stdout}${text.stderr}`,
      )
    }
  }
  return { text, ended, until }
}

test('up in the foreground shows every line on its stream and ends with the last container', { skip }, async t => {
  const { machine, cwd } = await project(t)
  const { code, stdout, stderr } = await machine.run(['up', 'job'], { cwd, env: { CODE: '5' } })
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'Attaching to job-1',
    'job-1  | first',
    'job-1  | ',
    'job-1  | last without an end',
    'job-1 exited with code 5',
  ])
  assert.match(stderr, / Container fore-job-1 Started\n/)
  assert.equal(code, 0)
})

test('the first interrupt stops by the signal, in order, and leaves the containers', { skip }, async t => {
  const { machine, cwd } = await project(t)
  const child = machine.start(['up', 'polite'], { cwd })
  const up = watch(child)
  await up.until('stdout', 'polite-1  | out')
  await up.until('stderr', 'polite-1  | err')
  child.kill('SIGINT')
  assert.equal(await up.ended, 130)
  assert.match(up.text.stdout, /polite-1 {2}\| bye\npolite-1 exited with code 9\n$/)
  assert.match(up.text.stderr, /Gracefully Stopping\.\.\. press Ctrl\+C again to force/)
  assert.doesNotMatch(up.text.stdout, /err/)
  assert.equal(
    (await machine.ok(['ps', '-a', '--format', '{{.Name}} {{.State}}'], { cwd })).trim(),
    'fore-polite-1 exited',
  )
})

test('the second interrupt does not wait for the grace period', { skip }, async t => {
  const { machine, cwd } = await project(t)
  const child = machine.start(['up', 'stubborn'], { cwd })
  const up = watch(child)
  await up.until('stdout', 'here')
  child.kill('SIGINT')
  await up.until('stderr', 'Stopping')
  child.kill('SIGINT')
  assert.equal(await up.ended, 130)
  assert.match(up.text.stdout, /stubborn-1 exited with code 137\n$/)
})

test('--exit-code-from stops the rest and has the code', { skip }, async t => {
  const { machine, cwd } = await project(t)
  const { code, stdout, stderr } = await machine.run(['up', '--exit-code-from', 'polite', 'polite', 'job'], { cwd })
  assert.match(stdout, /job-1 exited with code 0/)
  assert.match(stderr, /Aborting on container exit\.\.\./)
  assert.match(stdout, /polite-1 exited with code 9/)
  assert.equal(code, 9)
})

test('--abort-on-container-failure lets what ends well end', { skip }, async t => {
  const { machine, cwd } = await project(t)
  const good = await machine.run(['up', '--abort-on-container-failure', 'job'], { cwd })
  assert.equal(good.code, 0)
  assert.doesNotMatch(good.stderr, /Aborting/)
  const bad = await machine.run(['up', '--abort-on-container-failure', 'polite', 'job'], { cwd, env: { CODE: '3' } })
  assert.match(bad.stderr, /Aborting/)
  assert.equal(bad.code, 3)
})

test('logs -f goes on over a restart and shows nothing twice', { skip }, async t => {
  const { machine, cwd } = await project(t)
  await machine.ok(['up', '-d', 'polite'], { cwd })
  const child = machine.start(['logs', '-f', '--no-log-prefix'], { cwd })
  const logs = watch(child)
  await logs.until('stdout', 'out')
  await machine.ok(['restart', 'polite'], { cwd })
  await logs.until('stdout', 'bye')
  await logs.until('stdout', 'bye\nout\n')
  child.kill('SIGINT')
  assert.equal(await logs.ended, 130)
  assert.deepEqual(
    logs.text.stdout
      .trim()
      .split('\n')
      .filter(line => line !== 'err'),
    ['out', 'bye', 'out'],
  )
})

test('up in the foreground and logs -f go on with the next engine when theirs is killed', { skip }, async t => {
  const { machine, cwd } = await project(t)
  const up = watch(machine.start(['up', 'counter'], { cwd }))
  await up.until('stdout', 'n 1\n')
  const logs = watch(machine.start(['logs', '-f', '--no-log-prefix', 'counter'], { cwd }))
  await logs.until('stdout', 'n 2\n')
  const [, pid] = /process (\d+)/.exec(await machine.ok(['engine', 'status'])) ?? []
  process.kill(Number(pid), 'SIGKILL')
  const seen = () => logs.text.stdout.split('\n').filter(line => line.startsWith('n ')).length
  for (const before = seen(); seen() < before + 5; ) await logs.until('stdout', `n ${seen() + 1}\n`)
  await machine.ok(['exec', 'counter', 'touch', '/tmp/end'], { cwd })
  assert.equal(await up.ended, 0)
  assert.equal(await logs.ended, 0)
  assert.match(up.text.stdout, /counter-1 +\| over\ncounter-1 exited with code 3\n$/)
  const numbers = (text: string) => [...text.matchAll(/n (\d+)\n/g)].map(([, number]) => Number(number))
  for (const { text } of [up, logs]) {
    const found = numbers(text.stdout)
    assert.deepEqual(
      found,
      Array.from({ length: found.length }, (_, i) => i + 1),
      'each line once, and none missing',
    )
  }
})

test('the menu of a terminal: d leaves up and lets containers be, Ctrl-C stops them', {
  skip,
  timeout: 60_000,
}, async t => {
  const { machine, cwd } = await project(t)
  const program = join(root, 'bin/tscompose')
  // script(1) gives it a terminal, and takes our keys for those of a user.
  const onTerminal = (...args: string[]) =>
    spawn('script', ['-qec', [program, ...args].join(' '), '/dev/null'], {
      cwd,
      env: { ...machine.env, TERM: 'xterm', SHELL: '/bin/sh' },
    })
  const states = async () => (await machine.ok(['ps', '-a', '--format', '{{.Name}} {{.State}}'], { cwd })).trim()

  const first = onTerminal('up', 'polite')
  const up = watch(first)
  await up.until('stdout', 'Enable Watch   d Detach')
  first.stdin.write('w')
  await up.until('stdout', 'none of the selected services is configured for watch')
  first.stdin.write('d')
  assert.equal(await up.ended, 0)
  assert.equal(await states(), 'fore-polite-1 running')

  const second = onTerminal('up', 'polite')
  const again = watch(second)
  await again.until('stdout', 'd Detach')
  second.stdin.write('\u0003')
  assert.equal(await again.ended, 130)
  assert.equal(await states(), 'fore-polite-1 exited')

  const without = onTerminal('up', '--menu=false', 'job')
  const plain = watch(without)
  assert.equal(await plain.ended, 0)
  assert.doesNotMatch(plain.text.stdout, /Detach/)
})
