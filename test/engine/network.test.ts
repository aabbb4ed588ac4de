import '../network/own-host.ts'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { create, event, exec, exitCode, output, run, skip } from './fixture.ts'
import { addressOf, ask, on, serve, stage } from './network-fixture.ts'

test('containers find each other by name, and their published ports answer on the host', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const server = await run(
    engine,
    bench,
    serve('hello'),
    on('lan', { Aliases: ['web'] }, { PortBindings: { '80/tcp': [{}] } }),
  )
  const client = await run(engine, bench, ['sleep', '1000'], on('lan'))
  assert.equal((await exec(engine, client, ask('web'))).text, 'hello\n')
  assert.equal((await exec(engine, client, ask(server.slice(0, 12)))).text, 'hello\n')
  const [port] = (await engine.containerInspect(server)).NetworkSettings.Ports['80/tcp'] ?? []
  assert.equal((await engine.containerList({ filters: { publish: [port?.HostPort ?? ''] } }))[0]?.Id, server)
  const host = await run(engine, bench, ask('127.0.0.1', port?.HostPort))
  assert.equal(await exitCode(engine, host), 0)
  assert.equal(await output(engine, host), 'hello\n')
})

test('a place in a project keeps its address over restarts and new containers', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const Labels = { 'com.docker.compose.project': 'p', 'com.docker.compose.service': 's' }
  const first = await run(engine, bench, ['sleep', '1000'], { ...on('lan'), Labels })
  const address = await addressOf(engine, first, 'lan')
  assert.match(address ?? '', /^\d+\.\d+\.\d+\.\d+$/)
  await engine.containerRestart(first)
  assert.equal(await addressOf(engine, first, 'lan'), address)
  await engine.containerDelete(first, { force: true })
  await run(engine, bench, ['sleep', '1000'], on('lan'))
  const second = await run(engine, bench, ['sleep', '1000'], { ...on('lan'), Labels })
  assert.equal(await addressOf(engine, second, 'lan'), address)
})

test('a running container joins and leaves networks', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'one' })
  await engine.networkCreate({ Name: 'two' })
  const server = await run(engine, bench, serve('hi'), on('one'))
  const client = await run(engine, bench, ['sleep', '1000'], on('two'))
  await engine.networkConnect('two', server, { Aliases: ['web'] })
  assert.deepEqual(Object.keys((await engine.networkInspect('two')).Containers).sort(), [server, client].sort())
  assert.equal((await exec(engine, client, ask('web'))).text, 'hi\n')
  await assert.rejects(engine.networkConnect('two', server), { code: 'ENGINE_CONTAINER_STATE' })
  await engine.containerRestart(server, { timeout: 0 })
  assert.equal((await exec(engine, client, ask('web'))).text, 'hi\n')
  await engine.networkDisconnect('two', server)
  assert.equal((await exec(engine, client, ask('web', '80', 1))).exitCode, 1)
  await assert.rejects(engine.networkDisconnect('two', server), {
    message: `container ${server} is not connected to network two`,
  })
})

test('a container that is renamed is found by its new name at once', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const server = await run(engine, bench, serve('hi'), on('lan', { Aliases: ['web'] }))
  const client = await run(engine, bench, ['sleep', '1000'], on('lan'))
  await engine.containerRename(server, 'renamed')
  for (const name of ['renamed', 'web']) assert.equal((await exec(engine, client, ask(name))).text, 'hi\n')
})

test('a link is a name for one container alone, and follows the other to another address', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const server = await run(engine, bench, serve('hi'), on('lan'))
  await engine.containerRename(server, 'server')
  const client = await run(engine, bench, ['sleep', '1000'], on('lan', { Links: ['server:store'] }))
  const other = await run(engine, bench, ['sleep', '1000'], on('lan'))
  assert.equal((await exec(engine, client, ask('store'))).text, 'hi\n')
  assert.equal((await exec(engine, other, ask('store', '80', 1))).exitCode, 1)
  await engine.networkDisconnect('lan', server)
  await engine.networkConnect('lan', server, { IPAMConfig: { IPv4Address: await free(engine, 'lan') } })
  assert.equal((await exec(engine, client, ask('store'))).text, 'hi\n')
  await engine.networkDisconnect('lan', other)
  await engine.networkConnect('lan', other, { Links: [`${server}:again`] })
  assert.equal((await exec(engine, other, ask('again'))).text, 'hi\n')
})

test('links of a container hold on its first network, and on the default bridge, which has no other names', {
  skip,
}, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  for (const network of ['lan', 'bridge']) {
    const server = await run(engine, bench, serve('hi'), on(network))
    const client = await run(engine, bench, ['sleep', '1000'], on(network, {}, { Links: [`${server}:store`] }))
    assert.equal((await exec(engine, client, ask('store'))).text, 'hi\n', network)
    const { Name, HostConfig } = await engine.containerInspect(client)
    assert.deepEqual(HostConfig.Links, [`${(await engine.containerInspect(server)).Name}:${Name}/store`])
    // The default bridge has variables besides, as Docker's.
    const { text } = await exec(engine, client, ['env'])
    assert.equal(/^STORE_NAME=/m.test(text), network === 'bridge', network)
    await engine.containerDelete(server, { force: true })
    assert.doesNotMatch((await exec(engine, client, ['env'])).text, /STORE/)
  }
  const lost = create(engine, bench, ['true'], on('lan', {}, { Links: ['nobody:store'] }))
  await assert.rejects(lost, { message: /No such container: nobody/ })
})

/** An address of a network that nobody has. */
async function free(engine: LocalEngine, network: string): Promise<string> {
  const [{ Gateway = '' } = {}] = (await engine.networkInspect(network)).IPAM.Config ?? []
  return Gateway.replace(/\d+$/, '99')
}

test('a container leaves the network none for one that has others', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const server = await run(engine, bench, serve('hi'), on('lan', { Aliases: ['web'] }))
  const client = await run(engine, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: 'none' } })
  const code = 'ENGINE_REQUEST_INVALID'
  await assert.rejects(engine.networkConnect('lan', client), { code, message: /private \(none\) mode/ })
  await assert.rejects(engine.networkConnect('none', server), { code, message: /private \(none\) mode/ })
  await assert.rejects(engine.networkDisconnect('host', server), { code, message: /from host network/ })
  await engine.networkDisconnect('none', client)
  await engine.networkConnect('lan', client)
  assert.equal((await exec(engine, client, ask('web'))).text, 'hi\n')
})

test('a port that is taken fails the start, and everything is given back', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await engine.networkCreate({ Name: 'lan' })
  const id = await create(
    engine,
    bench,
    ['sleep', '1000'],
    on('lan', {}, { PortBindings: { '80/tcp': [{ HostPort: String(port) }] } }),
  )
  await assert.rejects(engine.containerStart(id), { code: 'NETWORK_PORT_TAKEN', message: new RegExp(String(port)) })
  const { State } = await engine.containerInspect(id)
  assert.deepEqual([State.Status, State.ExitCode], ['created', 128])
  assert.deepEqual((await engine.networkInspect('lan')).Containers, {})
  server.close()
  await once(server, 'close')
  assert.equal(await engine.containerStart(id), true)
})

test('what a script has listen to itself only is not healthy, what serves others is at once', {
  skip,
}, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const healthy = event(engine, ({ Action }) => Action === 'health_status: healthy')
  const id = await run(
    engine,
    bench,
    [
      'sh',
      '-c',
      'busybox httpd -p 127.0.0.1:80 -h /; until test -e /made; do sleep 0.02; done; exec busybox httpd -f -p 81',
    ],
    {
      ...on('lan'),
      ExposedPorts: { '80/tcp': {} },
      Healthcheck: { Test: ['CMD-SHELL', 'busybox wget -q -O /dev/null http://127.0.0.1/bin/cat'], Interval: 600e9 },
    },
  )
  const health = async () => (await engine.containerInspect(id)).State.Health
  while (!(await health())?.Log.some(({ ExitCode }) => ExitCode === 0)) await exec(engine, id, ['sleep', '0.02'])
  assert.equal((await health())?.Status, 'starting')
  await exec(engine, id, ['sh', '-c', 'echo > /made'])
  await healthy
})
