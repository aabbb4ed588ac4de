import assert from 'node:assert/strict'
import { execSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import type { ContainerCreateRequest, EndpointSettings } from '../../src/engine/api.ts'
import { defaultConfig } from '../../src/engine/config.ts'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { Bench, create, exec, exitCode, output, run, skip } from './fixture.ts'

// These run on the real network layer, everything else in this folder on books about networks.

async function stage(): Promise<{ bench: Bench; engine: LocalEngine; reports: string[] } & AsyncDisposable> {
  const bench = await Bench.make()
  const reports: string[] = []
  const engine = await openEngine({
    dataDir: bench.dataDir,
    runDir: bench.runDir,
    config: defaultConfig,
    report: message => reports.push(message),
  })
  return {
    bench,
    engine,
    reports,
    async [Symbol.asyncDispose]() {
      for (const { Id } of await engine.containerList({ all: true })) {
        await engine.containerDelete(Id, { force: true, volumes: true })
      }
      for (const { Id, Name } of await engine.networkList()) {
        if (!['bridge', 'host', 'none'].includes(Name)) await engine.networkDelete(Id)
      }
      await engine[Symbol.asyncDispose]()
      await bench[Symbol.asyncDispose]()
    },
  }
}

const on = (network: string, settings: EndpointSettings = {}, HostConfig = {}): Partial<ContainerCreateRequest> => ({
  HostConfig: { NetworkMode: network, ...HostConfig },
  NetworkingConfig: { EndpointsConfig: { [network]: settings } },
})
const addressOf = async (engine: LocalEngine, id: string, network: string) =>
  (await engine.containerInspect(id)).NetworkSettings.Networks[network]?.IPAddress
/** Answers every connection with a word. */
const serve = (word: string) => ['/bin/busybox', 'nc', '-ll', '-p', '80', '-e', '/bin/echo', word]
/** Asks until somebody answers, who may have to start first. */
const ask = (host: string, port = '80', patience = 100) => [
  'sh',
  '-c',
  `n=0; until busybox nc -w 1 ${host} ${port} 2> /dev/null; do n=$((n+1)); [ $n -lt ${patience} ] || exit 1; sleep 0.02; done`,
]

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

test('prune removes what nobody is on, and of that what the filters say', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  for (const Name of ['used', 'idle', 'kept']) {
    await engine.networkCreate({ Name, Labels: { name: Name }, Internal: true })
  }
  await run(engine, bench, ['sleep', '1000'], on('used'))
  const prune = async (filters = {}) => (await engine.networkPrune({ filters })).NetworksDeleted.sort()
  await assert.rejects(prune({ name: ['idle'] }), { message: "invalid filter 'name'" })
  assert.deepEqual(await prune({ until: ['1h'] }), [])
  assert.deepEqual(await prune({ label: ['name=nope'] }), [])
  assert.deepEqual(await prune({ 'label!': ['name=kept'] }), ['idle'])
  assert.deepEqual(await prune({ until: ['0s'] }), ['kept'])
})

test('a network that somebody is on is not removed, nor is one that always is there', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const { Id } = await engine.networkCreate({
    Name: 'lan',
    Labels: { a: 'b' },
    IPAM: { Config: [{ Subnet: '10.213.7.0/24' }] },
  })
  await assert.rejects(engine.networkCreate({ Name: 'lan' }), {
    code: 'ENGINE_NETWORK_EXISTS',
    message: 'network with name lan already exists',
  })
  const id = await run(engine, bench, ['sleep', '1000'], on('lan', { IPAMConfig: { IPv4Address: '10.213.7.77' } }))
  assert.equal(await addressOf(engine, id, 'lan'), '10.213.7.77')
  const { Name } = await engine.containerInspect(id)
  await assert.rejects(engine.networkDelete('lan'), {
    code: 'ENGINE_NETWORK_IN_USE',
    message: `error while removing network: network lan has active endpoints (${Name.slice(1)})`,
  })
  await assert.rejects(engine.networkDelete('bridge'), { code: 'ENGINE_NETWORK_PREDEFINED' })
  await assert.rejects(engine.networkCreate({ Name: 'host' }), { code: 'ENGINE_NETWORK_PREDEFINED' })
  await assert.rejects(engine.networkInspect('nope'), {
    code: 'ENGINE_NETWORK_NOT_FOUND',
    message: 'network nope not found',
  })
  assert.equal((await engine.networkInspect(Id.slice(0, 10))).IPAM.Config?.[0]?.Gateway, '10.213.7.1')
  const names = async (filters: Record<string, string[]>) =>
    (await engine.networkList({ filters })).map(network => network.Name)
  assert.deepEqual(await names({ label: ['a=b'] }), ['lan'])
  assert.deepEqual(await names({ type: ['custom'] }), ['lan'])
  assert.deepEqual(
    (await engine.containerList({ filters: { network: [Id] } })).map(container => container.Id),
    [id],
  )
  await engine.containerStop(id)
  await engine.networkDelete('lan')
  await assert.rejects(engine.containerStart(id), { code: 'ENGINE_NETWORK_NOT_FOUND' })
})

test('a configuration is no network, but others are made after it', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const IPAM = { Config: [{ Subnet: '10.213.8.0/24' }] }
  const Options = { 'com.docker.network.driver.mtu': '1400' }
  await engine.networkCreate({ Name: 'plan', ConfigOnly: true, Driver: 'macvlan', IPAM, Options, Labels: { a: 'b' } })
  const { Driver, ConfigOnly } = await engine.networkInspect('plan')
  assert.deepEqual([Driver, ConfigOnly], ['null', true])
  const id = await create(engine, bench, ['sleep', '1000'], on('plan'))
  const refused = (message: RegExp) => ({ message })
  await assert.rejects(engine.containerStart(id), refused(/cannot create endpoint on configuration-only network/))
  const create2 = (more: object) => engine.networkCreate({ Name: 'lan', ConfigFrom: { Network: 'plan' }, ...more })
  await assert.rejects(create2({ Labels: { c: 'd' } }), refused(/^user specified configurations are not supported/))
  await assert.rejects(create2({ Options: { c: 'd' } }), refused(/^network driver options are not supported/))
  await assert.rejects(create2({ ConfigFrom: { Network: 'bridge' } }), refused(/"bridge" does not exist/))
  await assert.rejects(create2({ ConfigOnly: true }), refused(/cannot depend on another/))
  await assert.rejects(
    engine.networkCreate({ Name: 'x', ConfigOnly: true, Internal: true }),
    refused(/can only contain network specific fields/),
  )

  await create2({ Internal: true })
  const lan = await engine.networkInspect('lan')
  assert.deepEqual(
    [lan.Driver, lan.Internal, lan.Options, lan.Labels, lan.ConfigFrom],
    ['bridge', true, Options, { a: 'b' }, { Network: 'plan' }],
  )
  const client = await run(engine, bench, ['sleep', '1000'], on('lan'))
  assert.equal(await addressOf(engine, client, 'lan'), '10.213.8.2')
  await assert.rejects(engine.networkDelete('plan'), { message: /configuration network "plan" is in use/ })
  await engine.containerDelete(client, { force: true })
  assert.deepEqual((await engine.networkPrune()).NetworksDeleted, ['lan'])
  await engine.networkDelete('plan')
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

test('none has only a loopback, and a guest shares everything of its host', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const alone = await run(engine, bench, ['ls', '/sys/class/net'], on('none'))
  await exitCode(engine, alone)
  assert.equal(await output(engine, alone), 'lo\n')
  const server = await run(engine, bench, serve('inside'), on('none'))
  const guest = await run(engine, bench, ask('127.0.0.1'), { HostConfig: { NetworkMode: `container:${server}` } })
  await exitCode(engine, guest)
  assert.equal(await output(engine, guest), 'inside\n')
})

test('the network of a container goes with it, even from under a guest that runs on', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const donor = await run(engine, bench, ['sleep', '1000'], on('lan'))
  const guest = await run(engine, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: `container:${donor}` } })
  await engine.containerStop(donor)
  assert.match((await exec(engine, guest, ['ls', '/sys/class/net'])).text, /eth0/)
  await engine.containerDelete(donor)
  await engine.networkDelete('lan')
  assert.equal((await exec(engine, guest, ['ls', '/sys/class/net'])).text, 'lo\n')
})

test('containers talk on while the engine is away, and the next one finds everything', { skip }, async () => {
  await using bench = await Bench.make()
  const open = () => openEngine({ dataDir: bench.dataDir, runDir: bench.runDir, config: defaultConfig })
  const first = await open()
  await first.networkCreate({ Name: 'lan' })
  const server = await run(first, bench, serve('still here'), on('lan', { Aliases: ['web'] }))
  const client = await run(first, bench, ['sleep', '1000'], on('lan'))
  const before = (await first.containerInspect(server)).NetworkSettings
  await first[Symbol.asyncDispose]()
  const engine = await open()
  try {
    assert.deepEqual((await engine.containerInspect(server)).NetworkSettings, before)
    assert.equal((await exec(engine, client, ask('web'))).text, 'still here\n')
  } finally {
    for (const id of [server, client]) await engine.containerDelete(id, { force: true })
    await engine.networkDelete('lan')
    await engine[Symbol.asyncDispose]()
  }
})

for (const whose of ['an engine that is there', 'nobody'] as const)
  test(`guests keep their names and addresses when ${whose} saw their host end and the engine is another one`, {
    skip,
  }, async () => {
    await using bench = await Bench.make()
    const open = () => openEngine({ dataDir: bench.dataDir, runDir: bench.runDir, config: defaultConfig })
    const first = await open()
    await first.networkCreate({ Name: 'lan' })
    const server = await run(first, bench, serve('still here'), on('lan', { Aliases: ['web'] }))
    const donor = await run(first, bench, ['sleep', '1000'], on('lan'))
    const guest = await run(first, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: `container:${donor}` } })
    const { Pid } = (await first.containerInspect(donor)).State
    if (whose !== 'nobody') await first.containerStop(donor)
    await first[Symbol.asyncDispose]()
    if (whose === 'nobody') process.kill(Pid, 'SIGKILL')
    const engine = await open()
    try {
      assert.equal((await exec(engine, guest, ask('web'))).text, 'still here\n')
      await engine.containerStart(donor)
      assert.equal((await exec(engine, donor, ask('web'))).text, 'still here\n')
    } finally {
      for (const id of [guest, donor, server]) await engine.containerDelete(id, { force: true })
      await engine.networkDelete('lan')
      await engine[Symbol.asyncDispose]()
    }
  })

test('a restart makes a network anew that somebody has taken apart', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const server = await run(engine, bench, serve('hi'), on('lan', { Aliases: ['web'] }))
  const client = await run(engine, bench, ['sleep', '1000'], on('lan'))
  const address = await addressOf(engine, server, 'lan')
  const { SandboxKey } = (await engine.containerInspect(server)).NetworkSettings
  for (const damage of [`nsenter --net=${SandboxKey} ip link delete eth0`, `umount ${SandboxKey}`]) {
    execSync(damage)
    await engine.containerRestart(server, { timeout: 0 })
    assert.equal(await addressOf(engine, server, 'lan'), address)
    assert.equal((await exec(engine, client, ask('web'))).text, 'hi\n', damage)
  }
})

test('what a client of Docker’s calls default is the bridge', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const id = await run(engine, bench, ['sleep', '1000'], on('default'))
  const { Networks, IPAddress } = (await engine.containerInspect(id)).NetworkSettings
  assert.deepEqual(Object.keys(Networks), ['bridge'])
  assert.ok(IPAddress)
  assert.equal(Networks.bridge?.IPAddress, IPAddress)
  await engine.networkDisconnect('bridge', id)
})

test('the bridge has a gateway, a name and options to tell before a container has been on it', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const { Id, IPAM, Options } = await engine.networkInspect('bridge')
  assert.equal(Options['com.docker.network.bridge.enable_icc'], 'true')
  assert.ok(Options['com.docker.network.bridge.name'])
  const gateway = IPAM.Config?.[0]?.Gateway
  assert.match(gateway ?? '', /^\d+\.\d+\.\d+\.1$/)
  const id = await run(engine, bench, ['sleep', '1000'], on('bridge'))
  const { Networks } = (await engine.containerInspect(id)).NetworkSettings
  assert.deepEqual([Networks.bridge?.NetworkID, Networks.bridge?.Gateway], [Id, gateway])
})

test('what a network mode leaves no room for is refused, or told where Docker only tells it', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const donor = await run(engine, bench, ['sleep', '1000'], on('bridge'))
  const shared = { NetworkMode: `container:${donor}` }
  const PortBindings = { '80/tcp': [{}] }
  const refused: [Partial<ContainerCreateRequest>, RegExp][] = [
    [{ Hostname: 'own', HostConfig: shared }, /^conflicting options: hostname and the network mode$/],
    [{ ExposedPorts: { '80/tcp': {} }, HostConfig: shared }, /port exposing/],
    [{ HostConfig: { ...shared, PortBindings } }, /port publishing and the container type network mode/],
    [{ HostConfig: { ...shared, Dns: ['192.0.2.1'] } }, /dns and the network mode/],
    [{ HostConfig: { ...shared, ExtraHosts: ['a:192.0.2.1'] } }, /custom host-to-IP mapping/],
    [on('host', { MacAddress: '02:00:00:00:00:01' }), /mac-address and the network mode/],
    [{ HostConfig: { ...shared, Links: [donor] } }, /container type network can't be used with links/],
    [{ HostConfig: { NetworkMode: 'host', Links: [donor] } }, /host type networking can't be used with links/],
    [{ HostConfig: { NetworkMode: 'container:nobody' } }, /^No such container: nobody$/],
  ]
  for (const [request, message] of refused)
    await assert.rejects(create(engine, bench, ['true'], request), { code: 'ENGINE_REQUEST_INVALID', message })
  const { Warnings } = await engine.containerCreate(undefined, {
    Image: bench.image,
    Cmd: ['true'],
    HostConfig: { NetworkMode: 'host', PortBindings },
  })
  assert.deepEqual(Warnings, ['Published ports are discarded when using host network mode'])
})
