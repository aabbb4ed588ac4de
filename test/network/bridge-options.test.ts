import './own-host.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseBridgeOptions } from '../../src/network/bridge-options.ts'
import type { Network, NetworkSpec, Sandbox } from '../../src/network/network.ts'
import { addressOf, ask, hostAddress, Machine, outsideAddress, port, sh, shell, skip } from './machine.ts'

const docker = (options: Record<string, string>) =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [`com.docker.network.${name}`, value]))

const parse = (options: Record<string, string>, more: Partial<NetworkSpec> = {}) =>
  parseBridgeOptions({ name: 'shop', internal: false, options: docker(options), ...more })

test('booleans are those of Go, and an option that cannot be is refused by name', () => {
  assert.equal(parse({ 'bridge.enable_icc': 'F' }).icc, false)
  assert.equal(parse({ 'driver.mtu': '0' }).mtu, undefined)
  for (const [name, value] of Object.entries({
    'bridge.enable_icc': 'no',
    'bridge.gateway_mode_ipv4': 'bridged',
    'bridge.gateway_mode_ipv6': 'isolated',
    'bridge.host_binding_ipv4': '::1',
    'bridge.trusted_host_interfaces': 'eth0:a name',
    'bridge.name': 'far-too-long-a-name',
    'driver.mtu': '12',
  }))
    assert.throws(() => parse({ [name]: value }), {
      code: 'NETWORK_OPTION_INVALID',
      message: `network shop: com.docker.network.${name} cannot be "${value}"`,
    })
  assert.throws(() => parse({ 'bridge.colour': 'red' }), { code: 'NETWORK_NOT_SUPPORTED', message: /bridge\.colour/ })
  assert.equal(parse({ 'bridge.gateway_mode_ipv4': 'isolated' }, { internal: true }).gatewayMode[4], 'isolated')
})

/** What a server says that is asked by its own address. */
const fromOutside = (machine: Machine, sandbox: Sandbox, number: number) =>
  machine.fromOutside(ask(addressOf(sandbox), number))

async function served(machine: Machine, net: Network, name: string): Promise<Sandbox> {
  const sandbox = await machine.sandbox(name, [net], { publish: [port(80, 8080)] })
  await machine.serve(sandbox, name, 80)
  await machine.serve(sandbox, name, 81)
  return sandbox
}

test('routed: only published ports are reached, on the container’s address and by it', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('routed', { options: docker({ 'bridge.gateway_mode_ipv4': 'routed' }) })
  const other = await machine.sandbox('other', [await machine.network('other')])
  const web = await served(machine, net, 'web')
  assert.deepEqual(web.ports, [{ protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 0 }])
  assert.equal(await fromOutside(machine, web, 80), `web ${outsideAddress}\n`)
  assert.equal(await fromOutside(machine, web, 81), '')
  assert.match(await machine.in(other, ask(addressOf(web), 80)), /^web /, 'also from another network')
  assert.equal(await machine.in(other, ask(addressOf(web), 81)), '')
  assert.equal(await shell(ask('127.0.0.1', 8080)), '', 'no port of the host')
  assert.match(await machine.fromOutside(`busybox ping -c 1 -W 1 ${addressOf(web)}`), / 0% packet loss/)
  await machine.serve('outside', 'outside', 80)
  assert.equal(await machine.in(web, ask(outsideAddress, 80)), `outside ${addressOf(web)}\n`, 'and out unchanged')
  await assert.rejects(machine.sandbox('x', [net], { publish: [port(80, 8081, '127.0.0.1')] }), {
    code: 'NETWORK_NOT_SUPPORTED',
    message: /network routed is routed/,
  })

  await machine.networks.publish(web.containerId, [port(81, 8081)])
  assert.equal(await fromOutside(machine, web, 80), '')
  assert.match(await fromOutside(machine, web, 81), /^web /)
  const before = machine.networks.sandbox(web.containerId) ?? assert.fail()
  await machine.networks[Symbol.asyncDispose]()
  await machine.open()
  assert.deepEqual(await machine.networks.adopt([net], [before]), [before])
  assert.match(await fromOutside(machine, web, 81), /^web /)
})

test('nat-unprotected: who has a route reaches every port, other networks do not', { skip }, async () => {
  await using machine = await Machine.start()
  const options = docker({ 'bridge.gateway_mode_ipv4': 'nat-unprotected' })
  const net = await machine.network('open', { options })
  const other = await machine.sandbox('other', [await machine.network('other')])
  const web = await served(machine, net, 'web')
  for (const number of [80, 81]) assert.match(await fromOutside(machine, web, number), /^web /)
  assert.match(await machine.fromOutside(ask(hostAddress, 8080)), /^web /, 'published, too')
  assert.equal(await machine.in(other, ask(addressOf(web), 81)), '')
  await machine.serve('outside', 'outside', 80)
  assert.equal(await machine.in(web, ask(outsideAddress, 80)), `outside ${hostAddress}\n`)
})

test('isolated: the host is not on the network', { skip }, async () => {
  await using machine = await Machine.start()
  const options = docker({ 'bridge.gateway_mode_ipv4': 'isolated', 'bridge.gateway_mode_ipv6': 'isolated' })
  const net = await machine.network('vault', { internal: true, enableIPv6: true, options })
  assert.doesNotMatch(sh(`ip address show ${net.bridge}`), /inet 1|inet6 f[cd]|fe80::1\//)
  const [one, two] = [await machine.sandbox('one', [net]), await machine.sandbox('two', [net])]
  await machine.serve(one, 'one', 80)
  assert.match(await machine.in(two, ask(addressOf(one), 80)), /^one /)
})

test('trusted devices reach published ports on containers’ addresses, others do not', { skip }, async () => {
  await using machine = await Machine.start()
  const trusted = await machine.network('trusted', { options: docker({ 'bridge.trusted_host_interfaces': 'uplink' }) })
  const wary = await machine.network('wary', { options: docker({ 'bridge.trusted_host_interfaces': 'eth7:eth8' }) })
  const web = await served(machine, trusted, 'web')
  const db = await machine.sandbox('db', [wary], { publish: [port(80, 8081), port(80, 8082)] })
  await machine.serve(db, 'db', 80)
  assert.match(await fromOutside(machine, web, 80), /^web /)
  assert.equal(await fromOutside(machine, web, 81), '', 'it is not published')
  assert.equal(await fromOutside(machine, db, 80), '', 'it is not by one of its devices')
  await machine.networks.publish(db.containerId, [port(80, 8081)])
  assert.equal(sh('nft list ruleset').match(/"eth7" \. /g)?.length, 1)
  await machine.networks.removeSandbox(db.containerId)
  assert.doesNotMatch(sh('nft list ruleset'), /"eth7" \. /)
})

test('packets leave with their own address, or one of the host’s that is named', { skip }, async () => {
  await using machine = await Machine.start()
  sh('ip address add 198.51.100.7/24 dev uplink')
  await machine.serve('outside', 'outside', 80)
  const leaving = async (options: Record<string, string>) => {
    const net = await machine.network('net', { options: docker(options) })
    const web = await machine.sandbox('web', [net])
    const seen = (await machine.in(web, ask(outsideAddress, 80))).replace(addressOf(web), 'its own')
    await machine.networks.removeSandbox(web.containerId)
    await machine.networks.removeNetwork(net.id)
    return seen
  }
  assert.equal(await leaving({}), `outside ${hostAddress}\n`)
  assert.equal(await leaving({ 'bridge.enable_ip_masquerade': 'false' }), 'outside its own\n')
  assert.equal(await leaving({ host_ipv4: '198.51.100.7' }), 'outside 198.51.100.7\n')
})

test('the bridge has the name, the MTU and no IPv4 address, where that is asked for', { skip }, async () => {
  await using machine = await Machine.start()
  const options = docker({ 'bridge.name': 'br-shop', 'driver.mtu': '1400', 'bridge.inhibit_ipv4': 'true' })
  const net = await machine.network('shop', { options })
  assert.match(sh('ip link show br-shop'), /mtu 1400/)
  assert.doesNotMatch(sh('ip address show br-shop'), /inet /)
  const web = await machine.sandbox('web', [net])
  assert.match(machine.inside(web.netnsPath, 'ip link show eth0'), /mtu 1400/)
  await assert.rejects(machine.network('other', { options }), { code: 'NETWORK_BRIDGE_NAME_TAKEN' })
  await machine.networks.removeSandbox(web.containerId)
  await machine.networks.removeNetwork(net.id)
  assert.doesNotMatch(sh('ip -br link'), /br-shop/)
})

test('ports that name no address are published where the network says', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop', { options: docker({ 'bridge.host_binding_ipv4': '127.0.0.1' }) })
  await served(machine, net, 'web')
  assert.match(await shell(ask('127.0.0.1', 8080)), /^web /)
  assert.equal(await machine.fromOutside(ask(hostAddress, 8080)), '')
})

for (const mode of ['0', '1'])
  test(`without icc containers reach each other by published ports alone; bridge-nf-call-iptables=${mode}`, {
    skip,
  }, async () => {
    await using machine = await Machine.start()
    sh(`sysctl -qw net.bridge.bridge-nf-call-iptables=${mode} || true`)
    const net = await machine.network('apart', { options: docker({ 'bridge.enable_icc': 'false' }) })
    const web = await served(machine, net, 'web')
    const two = await machine.sandbox('two', [net])
    const { gateway } = two.endpoints[0] ?? {}
    machine.inside(two.netnsPath, `ip route add ${addressOf(web)}/32 via ${gateway}`)
    assert.equal(await machine.in(two, ask(addressOf(web), 80)), '')
    assert.match(await machine.in(two, ask(hostAddress, 8080)), /^web /)
  })

test('a network of several subnets: addresses of each, which reach each other and the outside', { skip }, async () => {
  await using machine = await Machine.start()
  const subnets = [{ subnet: '10.61.0.0/30' }, { subnet: '10.62.0.0/24', gateway: '10.62.0.254' }]
  const net = await machine.network('wide', { subnets })
  const one = await machine.sandbox('one', [net])
  const two = await machine.sandbox('two', [net])
  const three = await machine.sandbox('three', [[net, { ipv4Address: '10.62.0.77' }]])
  assert.deepEqual(
    [one, two, three].map(each => addressOf(each)),
    ['10.61.0.2', '10.62.0.1', '10.62.0.77'],
  )
  assert.match(machine.inside(two.netnsPath, 'ip route'), /default via 10\.62\.0\.254 dev eth0/)
  await machine.serve(one, 'one', 80)
  await machine.serve('outside', 'outside', 80)
  assert.equal(await machine.in(two, ask('one', 80)), 'one 10.62.0.1\n')
  assert.match(await machine.in(two, `getent hosts ${addressOf(one)}`), /one\.wide/)
  for (const from of [one, two])
    assert.equal(await machine.in(from, ask(outsideAddress, 80)), `outside ${hostAddress}\n`)
  await assert.rejects(machine.network('x', { subnets: [{ subnet: '10.63.0.0/16' }, { subnet: '10.63.1.0/24' }] }), {
    code: 'NETWORK_SUBNET_OVERLAPS',
    message: /the same network/,
  })
  for (const { containerId } of [one, two, three]) await machine.networks.removeSandbox(containerId)
  await machine.networks.removeNetwork(net.id)
  assert.deepEqual(machine.leftovers(), [])
})

test('IPv6 routed, IPv4 translated: ports as Docker tells them', { skip }, async () => {
  await using machine = await Machine.start()
  sh('sysctl -qw net.ipv6.conf.all.forwarding=1; ip address add 2001:db8::1/64 dev uplink nodad')
  machine.inside(machine.outside, 'ip address add 2001:db8::2/64 dev eth0 nodad; ip route add default via 2001:db8::1')
  try {
    const options = docker({ 'bridge.gateway_mode_ipv6': 'routed' })
    const net = await machine.network('six', { enableIPv6: true, options })
    const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
    assert.deepEqual(web.ports, [
      { protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 },
      { protocol: 'tcp', containerPort: 80, hostIp: '::', hostPort: 0 },
    ])
    await machine.serve(web, 'web', 80, '::')
    const [{ ipv6Address = '' } = {}] = web.endpoints
    assert.equal(await machine.fromOutside(ask(ipv6Address, 80)), 'web 2001:db8::2\n')
    assert.equal(await machine.fromOutside(ask('2001:db8::1', 8080)), '')
    const only = await machine.sandbox('only', [net], { publish: [port(81, undefined, '::')] })
    assert.deepEqual(only.ports, [{ protocol: 'tcp', containerPort: 81, hostIp: '::', hostPort: 0 }])
  } finally {
    sh('sysctl -qw net.ipv6.conf.all.forwarding=0')
  }
})
