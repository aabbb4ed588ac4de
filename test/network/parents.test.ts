import './own-host.ts'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { addressOf, ask, endpointOn, Machine, outsideAddress, sh, shell, skip } from './machine.ts'

/** Why a test cannot run: also where the kernel has no such devices. */
function needs(...kinds: readonly string[]): string | false {
  if (skip) return skip
  const missing = kinds.filter(kind => {
    const link = kind === 'dummy' ? '' : 'link probe'
    const options = kind === 'vlan' ? 'id 5' : ''
    const script = `ip link add probe type veth peer name other; ip link add ${link} name child type ${kind} ${options}`
    return spawnSync('unshare', ['-n', 'sh', '-c', script]).status !== 0
  })
  return missing.length > 0 && `this kernel has no ${missing.join(', ')}`
}

const lan = { subnet: '198.51.100.0/24', ipRange: '198.51.100.64/26', gateway: outsideAddress }

for (const driver of ['macvlan', 'ipvlan'] as const)
  test(`${driver}: a container is a neighbour of those the parent leads to, and finds others by name`, {
    skip: needs(driver),
  }, async () => {
    await using machine = await Machine.start()
    const before = sh('ip -br link; nft list ruleset')
    const net = await machine.network('lan', { driver, subnets: [lan], options: { parent: 'uplink' } })
    const web = await machine.sandbox('web', [net], { publish: [{ protocol: 'tcp', containerPort: 80 }] })
    const db = await machine.sandbox('db', [net])
    assert.equal(addressOf(web), '198.51.100.64')
    assert.deepEqual(web.ports, [], 'its ports are its own')
    await machine.serve(web, 'web', 80)
    assert.equal(await machine.fromOutside(ask(addressOf(web), 80)), `web ${outsideAddress}\n`)
    assert.equal(await machine.in(db, ask('web', 80)), `web ${addressOf(db)}\n`)
    assert.match(machine.inside(web.netnsPath, 'ip route'), new RegExp(`^default via ${outsideAddress} dev eth0`))
    assert.equal(sh('nft list ruleset'), '', 'nothing of it passes the host')

    await machine.networks.removeSandbox(web.containerId)
    const again = await machine.sandbox('web', [net])
    assert.equal(addressOf(again), addressOf(web))
    for (const { containerId } of [again, db]) await machine.networks.removeSandbox(containerId)
    await machine.networks.removeNetwork(net.id)
    assert.equal(sh('ip -br link; nft list ruleset'), before)
    assert.equal(machine.forwarding(), '0')
  })

test('a parent that is not there: a VLAN is made, what cannot be made is named', {
  skip: needs('macvlan', 'ipvlan', 'vlan'),
}, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('tagged', { driver: 'macvlan', options: { parent: 'uplink.50' } })
  assert.match(sh('ip -d link show uplink.50'), /vlan protocol 802\.1Q id 50/)
  const [one, two] = [await machine.sandbox('one', [net]), await machine.sandbox('two', [net])]
  await machine.serve(one, 'one', 80)
  assert.equal(await machine.in(two, ask('one', 80)), `one ${addressOf(two)}\n`)
  for (const { containerId } of [one, two]) await machine.networks.removeSandbox(containerId)
  await machine.networks.removeNetwork(net.id)
  assert.doesNotMatch(sh('ip -br link'), /uplink\.50/)

  for (const parent of ['nope', 'nope.50', 'uplink.5000'])
    await assert.rejects(machine.network('x', { driver: 'ipvlan', options: { parent } }), {
      code: 'NETWORK_PARENT_UNKNOWN',
      message: new RegExp(parent),
    })
  await assert.rejects(machine.network('x', { driver: 'macvlan', options: { macvlan_mode: 'fast' } }), {
    code: 'NETWORK_OPTION_INVALID',
  })
})

test('without a parent, and inside, containers have only each other', { skip: needs('macvlan', 'dummy') }, async () => {
  await using machine = await Machine.start()
  for (const more of [{}, { internal: true, options: { parent: 'uplink' } }]) {
    const net = await machine.network('alone', { driver: 'macvlan', ...more })
    const [one, two] = [await machine.sandbox('one', [net]), await machine.sandbox('two', [net])]
    await machine.serve(one, 'one', 80)
    assert.equal(await machine.in(two, ask('one', 80)), `one ${addressOf(two)}\n`)
    assert.equal(await machine.in(two, ask(outsideAddress, 80)), '')
    for (const { containerId } of [one, two]) await machine.networks.removeSandbox(containerId)
    await machine.networks.removeNetwork(net.id)
    assert.deepEqual(machine.leftovers(), [])
  }
})

test('ipvlan of layer 3 sends everything out by the device, and has no MAC addresses to give', {
  skip: needs('ipvlan'),
}, async () => {
  await using machine = await Machine.start()
  const options = { parent: 'uplink', ipvlan_mode: 'l3' }
  const net = await machine.network('routed', { driver: 'ipvlan', subnets: [{ subnet: '10.60.0.0/24' }], options })
  const web = await machine.sandbox('web', [net])
  assert.match(machine.inside(web.netnsPath, 'ip route'), /^default dev eth0 scope link/)
  await assert.rejects(machine.sandbox('x', [[net, { macAddress: '02:00:00:00:00:01' }]]), {
    code: 'NETWORK_NOT_SUPPORTED',
  })
})

test('a subnet on a parent may be that of the host, but of one network only', { skip: skip }, async () => {
  await using machine = await Machine.start()
  const options = { parent: 'uplink' }
  await machine.network('lan', { driver: 'macvlan', subnets: [lan], options })
  await assert.rejects(machine.network('other', { driver: 'macvlan', subnets: [lan], options }), {
    code: 'NETWORK_SUBNET_OVERLAPS',
    message: /network lan/,
  })
})

test('a container on a bridge and a parent publishes by the bridge, and leaves the parent while it runs', {
  skip: needs('macvlan'),
}, async () => {
  await using machine = await Machine.start()
  const options = { parent: 'uplink' }
  const [front, net] = [
    await machine.network('front'),
    await machine.network('lan', { driver: 'macvlan', subnets: [lan], options }),
  ]
  const web = await machine.sandbox('web', [front], {
    publish: [{ protocol: 'tcp', containerPort: 80, hostPort: { from: 8080, to: 8080 } }],
  })
  await machine.networks.connect(web.containerId, endpointOn(net, 'web', { gatewayPriority: 9 }))
  await machine.serve(web, 'web', 80)
  assert.match(await shell(ask('127.0.0.1', 8080)), /^web /)
  assert.equal(await machine.fromOutside(ask('198.51.100.64', 80)), `web ${outsideAddress}\n`)
  const counters = (await machine.networks.interfaceStats([web.containerId])).get(web.containerId) ?? []
  assert.deepEqual(
    counters.map(({ name, rxPackets }) => [name, rxPackets > 0]),
    [
      ['eth0', true],
      ['eth1', true],
    ],
  )
  await machine.networks.disconnect(web.containerId, net.id)
  assert.doesNotMatch(machine.inside(web.netnsPath, 'ip -br link'), /eth1/)
  await machine.networks.removeNetwork(net.id)
})

test('another engine takes over children, and makes those that have gone', { skip: needs('macvlan') }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('lan', { driver: 'macvlan', subnets: [lan], options: { parent: 'uplink' } })
  const [web, db] = [await machine.sandbox('web', [net]), await machine.sandbox('db', [net])]
  await machine.networks[Symbol.asyncDispose]()
  machine.inside(db.netnsPath, 'ip link delete eth0')
  await machine.open()
  assert.equal((await machine.networks.adopt([net], [web, db])).length, 2)
  await machine.serve(web, 'web', 80)
  assert.equal(await machine.in(db, ask('web', 80)), `web ${addressOf(db)}\n`)
  for (const { containerId } of [web, db]) await machine.networks.removeSandbox(containerId)
  await machine.networks.removeNetwork(net.id)
  assert.match(sh('ip -br link'), /uplink/, 'a parent that was there stays')
})
