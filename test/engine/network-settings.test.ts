import '../network/own-host.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerCreateRequest } from '../../src/engine/api.ts'
import { create, run, skip } from './fixture.ts'
import { addressOf, on, stage } from './network-fixture.ts'

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
