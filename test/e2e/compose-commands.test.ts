import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort, newMachine, skip } from './machine.ts'

/** What scripts look at in the answers of docker compose 5, command by command. */
const yaml = `
services:
  app:
    image: rootfs:/
    command: [sh, -c, 'echo said; sleep 1000']
    init: true
    depends_on: [dep]
    ports: ['127.0.0.1:\${PORT}:80']
  dep:
    image: rootfs:/
    command: [sleep, '1000']
    init: true
    volumes: [data:/data]
  job:
    image: rootfs:/
    command: [sh, -c, 'exit 3']
    profiles: [jobs]
  late:
    image: rootfs:/
    command: [sh, -c, 'sleep 0.4; exit 5']
    profiles: [jobs]
volumes: {data: {labels: {a: b}}}
`

test('commands answer as docker compose does', { skip }, async t => {
  const machine = await newMachine(t)
  const PORT = String(await freePort())
  const cwd = await machine.project('same', { 'compose.yaml': yaml })
  const at = { cwd, env: { PORT } }
  machine.defer(() => machine.run(['-p', 'same', 'down', '-v', '--remove-orphans', '-t', '0'], at))
  const ok = (...args: string[]) => machine.ok(args, at)

  await t.test('a one-off container has no ports unless they are asked for; then `port` finds it', async () => {
    await ok('run', '-d', '--no-deps', '--name', 'plain', 'app')
    assert.equal(await ok('ps', '-a', '--format', '{{.Ports}}|'), '|\n')
    const none = await machine.run(['port', 'app', '80'], at)
    assert.deepEqual([none.code, none.stdout], [1, ''])
    assert.match((await machine.run(['kill', 'app'], at)).stderr, /plain +Killed/)
    await machine.ok(['container', 'rm', 'plain'])
    await ok('run', '-d', '--no-deps', '--name', 'open', '-P', 'app')
    assert.equal(await ok('port', 'app', '80'), `127.0.0.1:${PORT}\n`)
    await machine.ok(['container', 'rm', '-f', 'open'])
  })

  await t.test('a replica that is not there has no port and no logs', async () => {
    await ok('up', '-d')
    for (const args of [
      ['port', '--index', '2', 'app', '80'],
      ['logs', '--index', '2', 'app'],
    ]) {
      const { code, stderr } = await machine.run(args, at)
      assert.equal(code, 1)
      assert.match(stderr, /service "app" is not running container #2/)
    }
    assert.equal(await ok('logs', '--no-log-prefix', '--tail', '-1', 'app'), 'said\n')
  })

  await t.test('--exit-code-from wants a service that is started, and falls back on whoever ended', async () => {
    const stranger = await machine.run(['up', '--exit-code-from', 'app', 'dep'], at)
    assert.equal(stranger.code, 1)
    assert.match(stranger.stderr, /no such service: app/)
    const [job] = ['job'].map(name => yaml.replace(`  ${name}:\n`, `  ${name}:\n    depends_on: [dep]\n`))
    await machine.project('same', { 'compose.yaml': job as string })
    assert.equal((await machine.run(['up', '--exit-code-from', 'dep', 'job'], at)).code, 3)
    await machine.project('same', { 'compose.yaml': yaml })
  })

  await t.test('up --wait looks twice before it takes a container for running', async () => {
    const { code, stderr } = await machine.run(['up', '-d', '--wait', 'late'], at)
    assert.equal(code, 1)
    assert.match(stderr, /exited \(5\)/)
  })

  await t.test('volumes has the fields of docker volume ls', async () => {
    const row = JSON.parse(await ok('volumes', '--format', 'json'))
    assert.deepEqual([row.Name, row.Driver, row.Links], ['same_data', 'local', 'N/A'])
    assert.match(row.Labels, /(^|,)a=b(,|$)/)
  })

  await t.test('rm says what it removes, also with --force', async () => {
    await ok('up', '-d', '--no-start', 'late')
    assert.equal(await ok('rm', '-f', 'late'), 'Going to remove same-late-1\n')
  })

  await t.test('wait --down-project takes everything down, profiles or not', async () => {
    await ok('up', '-d', 'job', 'dep')
    const { code, stdout } = await machine.run(['wait', '--down-project', 'job'], at)
    assert.equal(code, 3)
    assert.match(stdout, /exited with status code 3/)
    assert.equal(await ok('ps', '-aq'), '')
  })
})
