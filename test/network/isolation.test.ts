import './own-host.ts'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf, ask, hostAddress, Machine, outsideAddress, port, sh, skip } from './machine.ts'

/** Both ways in which bridged packets may or may not pass the firewall. */
const bridgeNetfilter = ['0', '1'] as const

for (const mode of bridgeNetfilter)
  test(`who may talk to whom, with bridge-nf-call-iptables=${mode}`, { skip }, async () => {
    await using machine = await Machine.start()
    sh(`sysctl -qw net.bridge.bridge-nf-call-iptables=${mode} || true`)
    const front = await machine.network('front')
    const back = await machine.network('back')
    const inner = await machine.network('inner', { internal: true })
    const web = await machine.sandbox('web', [front], { publish: [port(80, 8080)] })
    const sibling = await machine.sandbox('sibling', [front])
    const db = await machine.sandbox('db', [back])
    const vault = await machine.sandbox('vault', [inner])
    const guard = await machine.sandbox('guard', [inner])
    for (const [name, sandbox] of Object.entries({ web, db, vault, sibling })) await machine.serve(sandbox, name, 80)
    await machine.serve('host', 'host', 9999, hostAddress)

    machine.inside(guard.netnsPath, `ip route add default via ${guard.endpoints[0]?.gateway}`)
    const reaches = async (from: typeof web, address: string, number = 80) =>
      (await machine.in(from, ask(address, number))) !== ''
    type Way = readonly [what: string, from: typeof web, to: string, port?: number]
    const open: readonly Way[] = [
      ['containers of one network', web, addressOf(sibling)],
      ['a container its own published port', web, hostAddress, 8080],
      ['a container the port of its neighbour', sibling, hostAddress, 8080],
      ['a container the published port of another network', db, hostAddress, 8080],
      ['a server on the host', web, hostAddress, 9999],
      ['containers of one internal network', guard, addressOf(vault)],
    ]
    const shut: readonly Way[] = [
      ['a container of another network', web, addressOf(db)],
      ['the other way round', db, addressOf(web)],
      ['into an internal network', web, addressOf(vault)],
      ['out of it, also with a route of his own', guard, addressOf(web)],
      ['out of it to a published port', guard, hostAddress, 8080],
      ['out of it to the host', guard, hostAddress, 9999],
    ]
    for (const [what, ...way] of open) assert.ok(await reaches(...way), what)
    // All at once: a second passes until each gives up.
    await Promise.all(shut.map(async ([what, ...way]) => assert.ok(!(await reaches(...way)), what)))
    assert.equal(await machine.fromOutside(ask(addressOf(web), 80)), '', 'from outside only published ports')
  })

test('a container reaches the outside with the host’s address', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front')
  const web = await machine.sandbox('web', [net])
  await machine.serve('outside', 'outside', 80)
  assert.equal(await machine.in(web, ask(outsideAddress, 80)), `outside ${hostAddress}\n`)
})

test('the host’s loopback services are out of reach for crafted packets', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front')
  const attacker = await machine.sandbox('attacker', [net])
  await machine.serve('host', 'secret', 7777, '127.0.0.1')
  machine.inside(
    attacker.netnsPath,
    `sysctl -qw net.ipv4.conf.all.route_localnet=1
     ip address del 127.0.0.1/8 dev lo
     ip route add 127.0.0.1/32 via ${attacker.endpoints[0]?.gateway} src ${addressOf(attacker)}
     ip rule add pref 1 to 127.0.0.1 lookup main; ip rule del pref 0; ip rule add pref 2 lookup local`,
  )
  const attack = () => machine.in(attacker, ask('127.0.0.1', 7777))
  assert.equal(await attack(), '')
  sh('nft flush chain inet $(nft list tables | sed -n "s/^table inet \\(tscompose_[0-9a-f]*\\)$/\\1/p") guard')
  assert.match(await attack(), /secret/, 'what the guard is for')
})

test('a container does not pass for the host itself', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front')
  const attacker = await machine.sandbox('attacker', [net])
  const heard: string[] = []
  await using server = createSocket('udp4', (_, { address }) => heard.push(address))
  server.bind(5555)
  await once(server, 'listening')
  const { gateway } = attacker.endpoints[0] ?? {}
  const say = async () => {
    for (let i = 0; i < 10 && heard.length === 0; i++) {
      await machine.in(attacker, `bash -c 'echo hello > /dev/udp/${gateway}/5555'`)
      await sleep(20)
    }
    return heard.splice(0)
  }
  assert.deepEqual(await say(), [addressOf(attacker)])
  machine.inside(
    attacker.netnsPath,
    `nft 'table ip x { chain p { type nat hook postrouting priority 100; udp dport 5555 snat to 127.0.0.2; }; }'`,
  )
  assert.deepEqual(await say(), [])
  sh('nft flush chain inet $(nft list tables | sed -n "s/^table inet \\(tscompose_[0-9a-f]*\\)$/\\1/p") guard')
  assert.deepEqual(await say(), ['127.0.0.2'], 'what the guard is for')
})

test('icc=false keeps the containers of a network apart', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('apart', { options: { 'com.docker.network.bridge.enable_icc': 'false' } })
  const [one, two] = [await machine.sandbox('one', [net]), await machine.sandbox('two', [net])]
  await machine.serve(one, 'one', 80)
  assert.equal(await machine.in(two, ask(addressOf(one), 80)), '')
})

for (const chain of ['FORWARD', 'DOCKER-USER'])
  test(`where others drop what is forwarded, our devices pass by rules in ${chain}, which go again`, {
    skip,
  }, async () => {
    await using machine = await Machine.start()
    sh(
      `nft 'table ip filter { chain DOCKER-USER { } ; chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }; }'`,
    )
    if (chain === 'FORWARD') sh(`nft 'flush chain ip filter FORWARD; delete chain ip filter DOCKER-USER'`)
    const foreign = sh('nft list table ip filter')
    const net = await machine.network('front')
    const named = await machine.network('named', { options: { 'com.docker.network.bridge.name': 'br-named' } })
    for (const network of [net, named]) {
      const web = await machine.sandbox('web', [network], { publish: [port(80, network === net ? 8080 : 8081)] })
      await machine.serve(web, 'web', 80)
      assert.match(await machine.fromOutside(ask(hostAddress, network === net ? 8080 : 8081)), /^web /)
      await machine.networks.removeSandbox(web.containerId)
    }
    assert.equal(sh(`nft list chain ip filter ${chain}`).match(/accept comment "tscompose:/g)?.length, 4)
    await machine.networks.removeNetwork(named.id)
    assert.equal(sh(`nft list chain ip filter ${chain}`).match(/accept comment "tscompose:/g)?.length, 2)
    await machine.networks.removeNetwork(net.id)
    assert.equal(sh('nft list table ip filter'), foreign)
    sh('nft delete table ip filter')
  })

test('two engines choose different subnets at the same time, and keep out of each other’s way', { skip }, async () => {
  await using machine = await Machine.start()
  const { openNetworks } = await import('../../src/network/networks.ts')
  await using other = await openNetworks({ runDir: `${machine.root}/run2`, dataDir: `${machine.root}/data2` })
  const make = (layer: typeof other, name: string) =>
    layer.createNetwork({
      id: name.repeat(64),
      name,
      internal: false,
      enableIPv4: true,
      enableIPv6: false,
      subnets: [],
      options: {},
    })
  const layers = [machine.networks, other]
  const made = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name, index) => make(layers[index % 2] ?? other, name)),
  )
  assert.equal(new Set(made.map(({ subnets }) => subnets[0]?.subnet)).size, 6)
  await assert.rejects(other.createNetwork({ ...(made[0] ?? assert.fail()), id: '9'.repeat(64), name: 'same' }), {
    code: 'NETWORK_SUBNET_OVERLAPS',
    message: /another engine's network/,
  })
  await machine.networks.adopt([], [])
  assert.equal(sh('ip -br link | grep -c ^tsc').trim(), '3', 'the networks of the other engine are left alone')
  assert.equal(machine.forwarding(), '1')
  await other.adopt([], [])
  assert.equal(machine.forwarding(), '0')
})

const hasLegacy = !skip && spawnSync('unshare', ['-n', 'iptables-legacy', '-P', 'FORWARD', 'DROP']).status === 0

test('where the older filter drops what is forwarded, our devices pass, and the rules go again', {
  skip: hasLegacy ? false : 'needs iptables-legacy',
}, async () => {
  await using machine = await Machine.start()
  sh('iptables-legacy -P FORWARD DROP; iptables-legacy -A FORWARD -m comment --comment theirs -j RETURN')
  const foreign = sh('iptables-legacy -S')
  const net = await machine.network('front')
  const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
  await machine.serve(web, 'web', 80)
  await machine.serve('outside', 'outside', 80)
  assert.match(await machine.fromOutside(ask(hostAddress, 8080)), /^web /)
  assert.equal(await machine.in(web, ask(outsideAddress, 80)), `outside ${hostAddress}\n`)
  await machine.networks.removeSandbox(web.containerId)
  await machine.networks.removeNetwork(net.id)
  assert.equal(sh('iptables-legacy -S'), foreign)
  sh('iptables-legacy -F; iptables-legacy -P FORWARD ACCEPT')
})

test('rules that somebody takes away, and chains that somebody makes, are seen to with the next container', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front')
  const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
  await machine.serve(web, 'web', 80)
  const reached = async () => (await machine.fromOutside(ask(hostAddress, 8080))).startsWith('web ')
  const table = sh('nft list tables').match(/tscompose_\w+/)?.[0] ?? ''

  // As Docker does when it starts later, and again when it restarts and has lost its rules.
  const docker = () =>
    sh(`nft 'add table ip filter; delete table ip filter; table ip filter { chain DOCKER-USER { return; }
      chain FORWARD { type filter hook forward priority 0; policy drop; jump DOCKER-USER; }; }'`)
  for (const damage of [docker, docker, () => sh(`nft delete table inet ${table}`), () => sh('nft flush ruleset')]) {
    damage()
    const other = await machine.sandbox('other', [net])
    assert.ok(await reached(), String(damage))
    assert.match(sh(`nft list table inet ${table}`), /8080 : .* \. 80/)
    await machine.networks.removeSandbox(other.containerId)
  }
})

test('behind firewalld containers reach the outside and the host, and nothing of it stays there', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  sh(`nft 'table inet firewalld {
    chain filter_INPUT { type filter hook input priority 10; ct state { established, related } accept; iifname "lo" accept
      iifname "uplink" tcp dport 22 accept; reject with icmpx admin-prohibited; };
    chain filter_FORWARD { type filter hook forward priority 10; ct state { established, related } accept
      ct status dnat accept; reject with icmpx admin-prohibited; }; }'`)
  const foreign = sh('nft list table inet firewalld')
  const net = await machine.network('front')
  const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
  await machine.serve(web, 'web', 80)
  await machine.serve('outside', 'outside', 80)
  await machine.serve('host', 'host', 9999, hostAddress)
  assert.match(await machine.fromOutside(ask(hostAddress, 8080)), /^web /)
  assert.equal(await machine.in(web, ask(outsideAddress, 80)), `outside ${hostAddress}\n`)
  assert.match(await machine.in(web, ask(hostAddress, 9999)), /^host /)
  assert.equal(await machine.fromOutside(ask(hostAddress, 9999)), '', 'its own rules hold')
  await machine.networks.removeSandbox(web.containerId)
  await machine.networks.removeNetwork(net.id)
  assert.equal(sh('nft list table inet firewalld'), foreign)
  sh('nft delete table inet firewalld')
})
