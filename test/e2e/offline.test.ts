import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { imageArchives, newMachine, resultOf, skip } from './machine.ts'

/** Somebody outside. @returns where he listens, and who has come */
async function listener(t: TestContext): Promise<{ host: string; visits: () => number }> {
  let visits = 0
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    visits++
    sockets.add(socket.on('error', () => {}))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, visits: () => visits }
}

const compose = (host: string) => `name: away
services:
  here: { image: "busybox:latest", pull_policy: always, command: "true" }
  missing: { image: "${host}/team/app:1", profiles: [no] }
  added: { build: { dockerfile_inline: "FROM scratch\\nADD http://${host}/file /" }, profiles: [no] }
  cloned: { build: { dockerfile_inline: "FROM scratch\\nADD http://${host}/repo.git /" }, profiles: [no] }
  based: { build: { dockerfile_inline: "FROM ${host}/team/base" }, profiles: [no] }
  archive: { build: { context: "http://${host}/context.tar" }, profiles: [no] }
  repository: { build: { context: "http://${host}/repo.git" }, profiles: [no] }
`

test('offline, nobody outside is asked for anything', { skip, timeout: 120_000 }, async t => {
  const { host, visits } = await listener(t)
  const machine = await newMachine(t, { 'registry-mirrors': [`http://${host}`] })
  await machine.ok(['image', 'load', '-i', imageArchives('busybox')[0] ?? ''])
  const cwd = await machine.project('away', { 'compose.yaml': compose(host) })
  machine.defer(() => machine.run(['down'], { cwd }))
  const refused: [string, ...string[]][] = [
    ['--offline', 'pull', 'missing'],
    ['up', '--offline', 'missing'],
    ['run', '--offline', 'missing'],
    ...['added', 'cloned', 'based', 'archive', 'repository'].map((name): [string, ...string[]] => [
      ...(['build', '--offline', name] as const),
    ]),
    ['image', 'pull', '--offline', 'nginx'],
    ['image', 'push', '--offline', `${host}/busybox`],
    ['image', 'search', '--offline', 'nginx'],
    ['image', 'import', '--offline', `http://${host}/root.tar`],
    ['container', 'run', '--offline', 'nginx'],
    ['login', '--offline', '-u', 'me', '-p', 'secret', host],
  ]
  await machine.ok(['image', 'tag', 'busybox', `${host}/busybox`])
  for (const args of refused)
    await t.test(args.join(' ').replaceAll(host, 'HOST'), async () => {
      const { code, stderr } = await machine.run(args, { cwd })
      assert.notEqual(code, 0)
      assert.match(stderr, /is not asked: this command is offline/)
      assert.equal(visits(), 0)
    })
  await t.test('what is here has to do', async () => {
    await machine.ok(['up', '--offline', 'here'], { cwd })
    await machine.ok(['pull', 'here'], { cwd, env: { TSCOMPOSE_OFFLINE: '1' } })
    assert.equal(visits(), 0)
  })
  await t.test('the engine that an offline command has started is not offline for others', async () => {
    await machine.ok(['engine', 'stop'])
    await machine.ok(['image', 'ls'], { env: { TSCOMPOSE_OFFLINE: '1' } })
    const pull = machine.start(['pull', 'missing'], { cwd })
    while (visits() === 0) await sleep(10)
    pull.kill()
    await resultOf(pull)
  })
  await t.test('the setting holds for every client', async () => {
    await machine.ok(['engine', 'stop'])
    await writeFile(machine.env.TSCOMPOSE_CONFIG ?? '', JSON.stringify({ offline: true }))
    await machine.ok(['engine', 'start'])
    const before = visits()
    for (const args of [
      ['pull', `${host}/team/app:1`],
      ['import', `http://${host}/root.tar`],
    ])
      assert.match((await machine.docker(args)).stderr, /is not asked: the engine is offline/)
    assert.equal(visits(), before)
  })
})
