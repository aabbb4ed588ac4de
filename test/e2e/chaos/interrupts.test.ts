import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageArchives, newMachine, resultOf, skip } from '../machine.ts'
import { rounds } from './killer.ts'

/** Healthy after 0.2 s. */
const db = `
  db:
    image: busybox
    command: sh -c 'sleep 0.2; touch /ready; exec sleep 1000'
    healthcheck: { test: test -e /ready, interval: 1s }
    volumes: [data:/data]`

const yaml = `
services:${db}
  built:
    build: .
    command: sleep 1000
    depends_on: { db: { condition: service_healthy } }
  job:
    image: busybox
    profiles: [jobs]
    command: sleep 0.3
    networks: [default, other]
    volumes: [data:/data, /anonymous]
volumes:
  data:
networks:
  other:
`
const dockerfile =
  'FROM busybox\nRUN sleep 0.2; echo one > /one\nRUN sleep 0.2; echo two > /two\nRUN date +%N > /time\n'

const commands = [
  ['up', '-d'],
  ['up'],
  ['down', '-v', '-t', '0'],
  ['build', '--no-cache'],
  ['run', '--rm', 'job'],
  ['restart', '-t', '0'],
]

test('whatever is interrupted or killed at any moment: the next up succeeds, the next down leaves nothing', {
  skip,
}, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  const cwd = await machine.project('interrupts', { 'compose.yaml': yaml, Dockerfile: dockerfile })
  machine.defer(() => machine.run(['down', '-v', '-t', '0', '--remove-orphans'], { cwd }))
  await machine.ok(['up', '-d'], { cwd })
  const count = rounds(1) * commands.length
  for (let round = 0; round < count; round++) {
    const command = commands[round % commands.length] ?? []
    const signal = Math.random() < 0.5 ? 'SIGINT' : 'SIGKILL'
    const afterMs = Math.round(Math.random() * 700)
    await t.test(`${command.join(' ')}: ${signal} after ${afterMs} ms`, async () => {
      const child = machine.start(command, { cwd })
      const ended = resultOf(child)
      await sleep(afterMs)
      child.kill(signal)
      const { code, stderr } = await ended
      assert.ok([0, 130, null].includes(code), `exit code ${code}\n${stderr}`)
      await machine.ok(['up', '-d'], { cwd })
      const services = (await machine.ok(['ps', '--format', '{{.Service}} {{.State}}'], { cwd })).trim().split('\n')
      assert.deepEqual(services.filter(line => !line.startsWith('job')).sort(), ['built running', 'db running'])
      if (round % 3) return
      await machine.ok(['down', '-v', '-t', '0', '--remove-orphans'], { cwd })
      assert.equal(await machine.ok(['container', 'ls', '-aq']), '')
      assert.equal(await machine.ok(['volume', 'ls', '-q', '--filter', 'label=com.docker.compose.project']), '')
      assert.equal(await machine.ok(['network', 'ls', '-q', '--filter', 'type=custom']), '')
    })
  }
})

const chain = `
services:${db}
  job:
    image: busybox
    command: sh -c 'sleep 0.1'
    depends_on: { db: { condition: service_healthy } }
  app:
    image: busybox
    command: sleep 1000
    depends_on: { job: { condition: service_completed_successfully } }
    deploy: { replicas: 3 }
volumes:
  data:
`

test('Ctrl-C at any moment of up: the next up succeeds, the next down leaves nothing', { skip }, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  const cwd = await machine.project('interrupted', { 'compose.yaml': chain })
  machine.defer(() => machine.run(['down', '-v', '-t', '0'], { cwd }))
  for (let round = 0; round < 10; round++) {
    const afterMs = Math.round(Math.random() * 900)
    await t.test(`after ${afterMs} ms`, async () => {
      const up = machine.start(['up', ...(round % 2 ? ['-d'] : [])], { cwd })
      const ended = resultOf(up)
      await sleep(afterMs)
      up.kill('SIGINT')
      const { code, stderr } = await ended
      assert.ok([0, 130, null].includes(code), `exit code ${code}\n${stderr}`)
      await machine.ok(['up', '-d'], { cwd })
      const running = (await machine.ok(['ps', '--status', 'running', '-q'], { cwd })).trim().split('\n')
      assert.equal(running.length, 4)
      await machine.ok(['down', '-v', '-t', '1'], { cwd })
      assert.equal((await machine.ok(['ps', '-aq'], { cwd })).trim(), '')
    })
  }
})

test('who stops the engine ends what watches it, which does not start another', { skip }, async t => {
  const machine = await newMachine(t)
  const cwd = await machine.project('watched', {
    'compose.yaml':
      'services: { web: { image: "rootfs:/", command: [sh, -c, "while :; do echo tick; sleep 0.05; done"] } }',
  })
  machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  const watch = async (...args: string[]) => {
    const child = machine.start(args, { cwd })
    const ended = resultOf(child)
    await new Promise(resolve => child.stdout?.once('data', resolve))
    return { args, ended }
  }
  const watchers = [await watch('up'), await watch('logs', '-f')]
  void watch('events').then(watcher => watchers.push(watcher))
  // What happens before it listens it does not hear of.
  while (watchers.length < 3) await machine.ok(['restart', '-t', '0'], { cwd })
  await machine.ok(['engine', 'stop'])
  for (const { args, ended } of watchers) {
    const { code, stderr } = await ended
    assert.notEqual(code, 0, args.join(' '))
    assert.match(stderr, /the engine was stopped; containers go on running/, args.join(' '))
  }
  assert.ok(!existsSync(machine.socket))
  assert.match(await machine.ok(['ps', '--format', '{{.State}}'], { cwd }), /running/)
})
