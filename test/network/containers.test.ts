import './own-host.ts'
import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { addressOf, ask, endpointOn, Machine, port, sh, shell, skip } from './machine.ts'

test('containers on a network find each other by every name, with glibc and busybox', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('shop-web-1', [[net, { dnsNames: ['shop-web-1', 'web', 'WWW'] }]])
  const db = await machine.sandbox('shop-db-1', [[net, { dnsNames: ['shop-db-1', 'db'] }]])
  for (const name of ['web', 'www', 'shop-web-1', 'web.shop_default'])
    assert.match(await machine.in(db, `getent ahostsv4 ${name}`), new RegExp(`^${addressOf(web)} `), name)
  assert.match(await machine.in(db, 'busybox nslookup web'), new RegExp(`Address.*${addressOf(web)}`))
  assert.match(await machine.in(db, `getent hosts ${addressOf(web)}`), /shop-web-1\.shop_default/)
  assert.equal(await machine.in(db, 'getent hosts nobody || echo none'), 'none\n')
  await machine.serve(web, 'web', 80)
  assert.equal(await machine.in(db, ask('web', 80)), `web ${addressOf(db)}\n`)
})

test('a name leads to all replicas, and to none that has gone', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  const [one, two, client] = await Promise.all(
    ['web-1', 'web-2', 'client'].map(name => machine.sandbox(name, [[net, { dnsNames: [name, name.slice(0, 3)] }]])),
  )
  assert.ok(one && two && client)
  const addresses = async () =>
    (await machine.in(client, `getent ahostsv4 web | awk '$2=="STREAM"{print $1}' | sort`)).trim().split('\n')
  assert.deepEqual(await addresses(), [addressOf(one), addressOf(two)].sort())
  await machine.networks.removeSandbox(one.containerId)
  assert.deepEqual(await addresses(), [addressOf(two)])
})

test('a container has its address, MAC, default route and sysctls before anything runs in it', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default', { subnets: [{ subnet: '10.77.0.0/24', gateway: '10.77.0.254' }] })
  const sandbox = await machine.sandbox(
    'web',
    [[net, { ipv4Address: '10.77.0.9', macAddress: '02:00:00:00:00:09', interfaceName: 'front' }]],
    { sysctl: { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.conf.front.log_martians': '1' } },
  )
  const { netnsPath } = sandbox
  assert.match(
    machine.inside(netnsPath, 'ip -br address'),
    /lo +UNKNOWN +127\.0\.0\.1\/8.*\nfront@\S+ +UP +10\.77\.0\.9\/24 *\n/,
  )
  assert.match(machine.inside(netnsPath, 'ip link show front'), /02:00:00:00:00:09/)
  assert.match(machine.inside(netnsPath, 'ip route'), /^default via 10\.77\.0\.254 dev front/)
  assert.equal(machine.inside(netnsPath, 'sysctl -n net.ipv4.ip_unprivileged_port_start'), '0\n')
  assert.equal(machine.inside(netnsPath, 'sysctl -n net.ipv4.conf.front.log_martians'), '1\n')
})

test('DNS queries of a container are led to the ports of its name server', { skip }, async () => {
  await using machine = await Machine.start()
  const web = await machine.sandbox('web', [await machine.network('shop_default')])
  const rules = machine.inside(web.netnsPath, 'nft list table ip tscompose_dns')
  assert.match(rules, /chain input \{\s+type filter hook input priority 300; policy accept;/)
  assert.match(rules, /ip daddr 127\.0\.0\.11 udp dport 53 udp dport set \d+\n/)
  assert.match(rules, /ip daddr 127\.0\.0\.11 tcp dport 53 tcp dport set \d+\n/)
  assert.match(rules, /chain output \{\s+type filter hook output priority raw; policy accept;/)
  assert.match(rules, /ip saddr 127\.0\.0\.11 udp sport \d+ udp sport set 53\n/)
  assert.match(rules, /ip saddr 127\.0\.0\.11 tcp sport \d+ tcp sport set 53\n/)
})

test('a firewall within a container sees queries and answers of port 53, and may track them', { skip }, async () => {
  await using machine = await Machine.start()
  const web = await machine.sandbox('web', [await machine.network('shop_default')])
  machine.inside(
    web.netnsPath,
    `nft '
      add table ip own
      add chain ip own out { type filter hook output priority 0; policy drop; }
      add rule ip own out meta l4proto { tcp, udp } th dport 53 accept
      add rule ip own out ct state established accept
      add chain ip own in { type filter hook input priority 0; policy drop; }
      add rule ip own in ct state established meta l4proto { tcp, udp } th sport 53 accept
      add rule ip own in meta l4proto { tcp, udp } th dport 53 accept'`,
  )
  for (const transport of ['+notcp', '+tcp'])
    assert.match(await machine.in(web, `dig @127.0.0.11 +short +time=1 ${transport} web`), /^172\./)
})

test('with more descriptors than select(2) takes, networks and containers are made nevertheless', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  const files = Array.from({ length: 1100 }, () => openSync('/dev/null', 'r'))
  try {
    const net = await machine.network('shop_default')
    const web = await machine.sandbox('web', [net], { publish: [{ protocol: 'tcp', containerPort: 80 }] })
    assert.match(await machine.in(web, 'getent hosts web'), /web/)
    await machine.networks.removeSandbox(web.containerId)
    await machine.networks.removeNetwork(net.id)
  } finally {
    for (const file of files) closeSync(file)
  }
})

test('a container without a network has a loopback device that works, and nothing else', { skip }, async () => {
  await using machine = await Machine.start()
  const { netnsPath } = await machine.sandbox('alone', [])
  assert.match(machine.inside(netnsPath, 'ip -br address'), /^lo +UNKNOWN +127\.0\.0\.1\/8/)
  assert.doesNotMatch(machine.inside(netnsPath, 'ip -br link'), /eth|tsc/)
})

test('a replaced container gets the address of the one before, next to others that come meanwhile', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('shop/web/1', [net])
  await machine.networks.removeSandbox(web.containerId)
  const other = await machine.sandbox('shop/db/1', [net])
  const again = await machine.sandbox('shop/web/1', [net])
  assert.equal(addressOf(again), addressOf(web))
  assert.notEqual(addressOf(other), addressOf(web))
})

test('what cannot be had is refused by name, and nothing is left of the attempt', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default', { subnets: [{ subnet: '10.77.0.0/24' }] })
  const web = await machine.sandbox('shop-web-1', [net])
  const inKernel = () => machine.leftovers().filter(line => !line.startsWith('lease'))
  const before = inKernel()
  await assert.rejects(machine.sandbox('x', [[net, { ipv4Address: addressOf(web) }]]), {
    code: 'NETWORK_ADDRESS_TAKEN',
    message: /container shop-web-1/,
  })
  await assert.rejects(machine.sandbox('x', [[net, { ipv4Address: '10.78.0.1' }]]), { code: 'NETWORK_ADDRESS_OUTSIDE' })
  await assert.rejects(machine.sandbox('x', [net], { sysctl: { 'net.ipv4.nonsense': '1' } }), {
    code: 'NETWORK_SYSCTL_INVALID',
    message: 'sysctl net.ipv4.nonsense: there is no such setting',
  })
  await assert.rejects(machine.sandbox('x', [net], { sysctl: { 'net.../kernel/hostname': 'x' } }), {
    code: 'NETWORK_SYSCTL_INVALID',
  })
  await assert.rejects(machine.sandbox('x', [{ ...net, id: 'f'.repeat(64) }]), { code: 'NETWORK_NOT_FOUND' })
  await assert.rejects(machine.sandbox('x', [[net, { interfaceName: 'a'.repeat(16) }]]), {
    code: 'NETWORK_SETUP_FAILED',
  })
  assert.deepEqual(inKernel(), before)
  assert.equal(addressOf(await machine.sandbox('x', [net])), '10.77.0.3', 'the address of a failed attempt is free')
})

test('a container joins and leaves networks while it runs', { skip }, async () => {
  await using machine = await Machine.start()
  const [front, back] = [await machine.network('front'), await machine.network('back')]
  const web = await machine.sandbox('web', [front])
  const db = await machine.sandbox('db', [back])
  assert.equal(await machine.in(web, 'getent hosts db || echo none'), 'none\n')

  const endpoint = await machine.networks.connect(web.containerId, endpointOn(back, 'web', { gatewayPriority: 1 }))
  assert.equal(endpoint.interfaceName, 'eth1')
  assert.match(await machine.in(web, 'getent hosts db'), new RegExp(`^${addressOf(db)} `))
  assert.match(await machine.in(db, 'getent hosts web'), new RegExp(`^${endpoint.ipv4Address} `))
  assert.match(machine.inside(web.netnsPath, 'ip route'), new RegExp(`default via ${endpoint.gateway} dev eth1`))
  assert.equal(machine.networks.sandbox(web.containerId)?.endpoints.length, 2)

  await machine.networks.disconnect(web.containerId, back.id)
  assert.equal(await machine.in(web, 'getent hosts db || echo none'), 'none\n')
  assert.equal(await machine.in(db, 'getent hosts web || echo none'), 'none\n')
  assert.match(
    machine.inside(web.netnsPath, 'ip route'),
    new RegExp(`default via ${web.endpoints[0]?.gateway} dev eth0`),
  )
  assert.doesNotMatch(machine.inside(web.netnsPath, 'ip -br link'), /eth1/)
  assert.match(await machine.in(web, 'getent hosts web'), /web/)
})

test('a container that is renamed while it runs answers to its new name only', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net])
  await machine.networks.rename(web.containerId, 'shop', { [net.id]: ['shop', 'store'] })
  assert.match(await machine.in(web, 'getent hosts store'), new RegExp(`^${addressOf(web)} `))
  assert.match(await machine.in(web, `getent hosts ${addressOf(web)}`), /shop\.shop_default/)
  assert.equal(await machine.in(web, 'getent hosts web || echo none'), 'none\n')
  await assert.rejects(machine.networks.removeNetwork(net.id), { code: 'NETWORK_IN_USE', message: /shop$/ })
})

test('IPv6: addresses without delay, names, and a ping', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('six', { enableIPv6: true })
  const web = await machine.sandbox('web', [net])
  const db = await machine.sandbox('db', [net])
  const [{ ipv6Address = '' } = {}] = web.endpoints
  assert.match(ipv6Address, /^fd/)
  assert.match(await machine.in(db, 'getent ahostsv6 web'), new RegExp(`^${ipv6Address} `))
  assert.match(await machine.in(db, `busybox ping -6 -c 1 -W 2 ${ipv6Address}`), / 0% packet loss/)
})

test('a network of IPv6 alone: names, a gateway, and a published port', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('six', { enableIPv4: false, enableIPv6: true })
  const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
  const db = await machine.sandbox('db', [net])
  assert.equal(web.endpoints[0]?.ipv4Address, undefined)
  assert.match(await machine.in(db, 'getent hosts web'), /^fd/)
  await machine.serve(web, 'web', 80, '::')
  for (const address of ['127.0.0.1', '::1']) assert.match(await shell(ask(address, 8080)), /^web fd/)
  await machine.networks.removeSandbox(web.containerId)
  const [{ ipv6Address = '' } = {}] = (await machine.sandbox('web', [net])).endpoints
  assert.equal(ipv6Address, web.endpoints[0]?.ipv6Address)
})

test('link-local addresses, settings of the interface and a name for interfaces', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('lan', { options: { 'com.docker.network.container_iface_prefix': 'lan' } })
  const { netnsPath } = await machine.sandbox('web', [
    [net, { linkLocalAddresses: ['169.254.8.9', 'fe80::8'], sysctl: { 'net.ipv4.conf.IFNAME.log_martians': '1' } }],
  ])
  const addresses = machine.inside(netnsPath, 'ip -br address show lan0')
  assert.match(addresses, /169\.254\.8\.9\/16/)
  assert.match(addresses, /fe80::8\/64/)
  assert.equal(machine.inside(netnsPath, 'sysctl -n net.ipv4.conf.lan0.log_martians'), '1\n')
})

test('counters are those of the container’s interfaces', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net])
  machine.inside(web.netnsPath, `busybox ping -c 3 -i 0.01 ${web.endpoints[0]?.gateway}`)
  const all = await machine.networks.interfaceStats([web.containerId, 'f'.repeat(64)])
  assert.equal(all.size, 1)
  const [stats, ...others] = all.get(web.containerId) ?? []
  assert.equal(others.length, 0)
  assert.equal(stats?.name, 'eth0')
  assert.ok(stats.txPackets >= 3 && stats.txBytes >= 3 * 98, JSON.stringify(stats))
  assert.ok(stats.rxPackets >= 3)
})

test('a bridge that somebody deletes is made again with the next container, with all that were on it', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front')
  const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
  await machine.serve(web, 'web', 80)
  sh(`ip link delete ${net.bridge}`)
  const db = await machine.sandbox('db', [net])
  assert.equal(await machine.in(db, ask('web', 80)), `web ${addressOf(db)}\n`)
  assert.match(await shell(ask('127.0.0.1', 8080)), /^web /)
  assert.match(await machine.in(web, ask('198.51.100.1', 8080)), /^web /, 'hairpin')
  assert.ok(machine.networks.isWhole(web.containerId))
  machine.inside(web.netnsPath, 'ip link delete eth0')
  assert.ok(!machine.networks.isWhole(web.containerId))
  sh(`umount ${db.netnsPath}`)
  assert.ok(!machine.networks.isWhole(db.containerId))
  for (const { containerId } of [web, db]) await machine.networks.removeSandbox(containerId)
  await machine.networks.removeNetwork(net.id)
  assert.deepEqual(machine.leftovers(), [])
})
