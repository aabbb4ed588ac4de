import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { atTerminal, newMachine, resultOf, root, skip } from './machine.ts'

const yaml = `
services:
  app:
    image: rootfs:/
    command: [sleep, '1000']
    environment: {FROM_FILE: file}
    working_dir: /tmp
    ports: ['80']
  shell:
    image: rootfs:/
    command: sh
    tty: true
    stdin_open: true
  off:
    image: rootfs:/
    command: ['true']
`

test('exec and run: streams, terminals, exit codes, what is left', { skip }, async t => {
  const machine = await newMachine(t)
  const cwd = await machine.project('inside', { 'compose.yaml': yaml })
  machine.defer(() => machine.run(['down', '-v', '--remove-orphans', '-t', '0'], { cwd }))
  await machine.ok(['up', '-d', 'app'], { cwd })
  const program = join(root, 'bin/tscompose')

  for (const [name, args, code] of [
    ['an exit code', ['sh', '-c', 'exit 42'], 42],
    ['death by a signal', ['sh', '-c', 'kill -9 $$'], 137],
    ['a program that is not there', ['/no/such/program'], 127],
    ['a file that is no program', ['/etc/passwd'], 126],
  ] as const)
    await t.test(`exec tells ${name}`, async () => {
      assert.equal((await machine.run(['exec', '-T', 'app', ...args], { cwd })).code, code)
    })

  await t.test('bytes go through both ways as they are, and the end of input is passed on', () => {
    const blob = join(machine.dir, 'blob')
    writeFileSync(blob, randomBytes(3_000_000))
    const copy = join(machine.dir, 'copy')
    const { status } = spawnSync('sh', ['-c', `"$0" exec -T app cat < ${blob} > ${copy}`, program], {
      cwd,
      env: machine.env,
    })
    assert.equal(status, 0)
    assert.ok(readFileSync(blob).equals(readFileSync(copy)))
  })

  await t.test('stdout and stderr stay apart', async () => {
    const { stdout, stderr } = await machine.run(['exec', 'app', 'sh', '-c', 'echo a; echo b >&2'], { cwd })
    assert.deepEqual([stdout, stderr], ['a\n', 'b\n'])
  })

  await t.test('variables come from the file, the flags and the shell', async () => {
    const stdout = await machine.ok(
      ['exec', '-e', 'GIVEN=1', '-e', 'PASSED', 'app', 'sh', '-c', 'echo $FROM_FILE $GIVEN $PASSED'],
      {
        cwd,
        env: { PASSED: 'shell' },
      },
    )
    assert.equal(stdout, 'file 1 shell\n')
  })

  await t.test('who sits at a terminal gets one, of its size, and only then', async () => {
    const inTerminal = async (command: string) =>
      (await atTerminal(`stty rows 31 cols 117; ${command}`, { cwd, env: machine.env })).stdout
    assert.match(await inTerminal(`${program} exec app sh -c 'tty; stty size'`), /\/dev\/pts\/\d+[^]*31 117\s/)
    assert.match(await inTerminal(`${program} exec -T app sh -c 'tty'`), /not a tty/)
    assert.match(await inTerminal(`echo piped | ${program} exec app cat`), /piped\s/)
    assert.match(await inTerminal(`${program} run --rm off sh -c 'stty size'`), /31 117\s/)
  })

  await t.test('who attaches leaves by the detach keys, and ends with the code of what ends', async () => {
    await machine.ok(['up', '-d', 'shell'], { cwd })
    const attach = (...flags: string[]) => {
      const child = spawn('script', ['-qec', [program, 'attach', ...flags, 'shell'].join(' '), '/dev/null'], {
        cwd,
        env: { ...machine.env, TERM: 'xterm' },
      })
      let screen = ''
      child.stdout.on('data', text => {
        screen += text
      })
      const shows = async (text: string) => {
        while (!screen.includes(text)) await once(child.stdout, 'data')
      }
      return { child, shows, result: resultOf(child) }
    }
    const first = attach()
    first.child.stdin.write('echo $((40+2))\n')
    await first.shows('42')
    first.child.stdin.write('\x10\x11')
    assert.equal((await first.result).code, 0)
    const second = attach('--detach-keys', 'ctrl-x')
    second.child.stdin.write('echo $((50+5))\n')
    await second.shows('55')
    second.child.stdin.write('\x18')
    assert.equal((await second.result).code, 0)
    const third = attach()
    third.child.stdin.write('exit 9\n')
    assert.equal((await third.result).code, 9)
    const { stderr } = await machine.run(['attach', 'shell'], { cwd })
    assert.match(stderr, /^service "shell" is not running/)
    await machine.ok(['rm', '-f', 'shell'], { cwd })
  })

  await t.test('what does not run is told', async () => {
    const { code, stderr } = await machine.run(['exec', 'off', 'true'], { cwd })
    assert.equal(code, 1)
    assert.match(stderr, /^service "off" is not running/)
  })

  await t.test('run --rm has the code of the program and leaves nothing', async () => {
    const { code, stdout } = await machine.run(['run', '--rm', '-w', '/usr', 'app', 'sh', '-c', 'pwd; exit 7'], { cwd })
    assert.equal(stdout, '/usr\n')
    assert.equal(code, 7)
    assert.equal((await machine.ok(['ps', '-aq'], { cwd })).trim().split('\n').length, 1)
  })

  await t.test('run reads our input to its end', async () => {
    const stdout = await machine.ok(['run', '--rm', 'app', 'wc', '-c'], { cwd, input: 'twelve bytes' })
    assert.equal(stdout.trim(), '12')
  })

  await t.test('run gives signals to the program', async () => {
    const child = machine.start(
      ['run', '--rm', 'app', 'sh', '-c', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done'],
      {
        cwd,
      },
    )
    const ended = new Promise(resolve => child.once('close', resolve))
    child.stderr?.resume()
    await new Promise(resolve => child.stdout?.once('data', resolve))
    child.kill('SIGTERM')
    assert.equal(await ended, 5)
  })
})
