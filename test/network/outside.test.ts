import './own-host.ts'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pinNamespace, unpinNamespace } from '../../src/network/namespace.ts'
import { parseSocketTable } from '../../src/network/ports/owner.ts'
import { addressOf, ask, hostAddress, Machine, outsideAddress, port, sh, shell, skip } from './machine.ts'

// What gets from another machine of the same wire to this one and its containers.

test('ports on the host’s loopback device are out of reach for crafted packets', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front')
  const web = await machine.sandbox('web', [net], { publish: [port(80, 8080, '127.0.0.1')] })
  await machine.serve(web, 'web', 80)
  await machine.serve('host', 'secret', 7777, '127.0.0.1')
  machine.inside(
    machine.outside,
    `sysctl -qw net.ipv4.conf.all.route_localnet=1
     ip address del 127.0.0.1/8 dev lo; ip route add 127.0.0.1/32 via ${hostAddress} src ${outsideAddress}
     ip rule add pref 1 to 127.0.0.1 lookup main; ip rule del pref 0; ip rule add pref 2 lookup local`,
  )
  for (const number of [8080, 7777]) assert.equal(await machine.fromOutside(ask('127.0.0.1', number)), '')
  assert.match(await shell(ask('127.0.0.1', 8080)), /^web /)
  const chain = `inet ${sh('nft list tables').match(/tscompose_\w+/)?.[0]} prerouting`
  const handle = /daddr 127\.0\.0\.0\/8 return # handle (\d+)/.exec(sh(`nft -a list chain ${chain}`))?.[1]
  sh(`nft delete rule ${chain} handle ${handle}`)
  assert.match(await machine.fromOutside(ask('127.0.0.1', 8080)), /^web /, 'what the rule is for')
})

test('containers are out of reach, whatever the sender says who it is', { skip }, async () => {
  await using machine = await Machine.start()
  const [front, inner] = [await machine.network('front'), await machine.network('inner', { internal: true })]
  const web = await machine.sandbox('web', [front], { publish: [port(80, 8080)] })
  const vault = await machine.sandbox('vault', [inner])
  for (const sandbox of [web, vault]) for (const number of [80, 81]) await machine.serve(sandbox, 'it', number)
  for (const sandbox of [web, vault]) {
    const { gateway = '' } = sandbox.endpoints[0] ?? {}
    const sibling = addressOf(sandbox).replace(/\d+$/, '77')
    for (const sender of [outsideAddress, sibling, gateway]) {
      machine.inside(machine.outside, `ip address add ${sender}/32 dev lo 2>/dev/null || true`)
      // The answer would go elsewhere: what counts is that nothing arrives.
      const before = arrived(machine, sandbox.netnsPath)
      await machine.fromOutside(`busybox nc -w 1 -s ${sender} ${addressOf(sandbox)} 81 </dev/null || true`)
      assert.equal(arrived(machine, sandbox.netnsPath), before, `from ${sender}`)
    }
  }
  assert.match(await machine.fromOutside(ask(hostAddress, 8080)), /^it /)
})

/** Connections that ever came to the servers of a namespace, complete or not (SNMP counters, proc_net(5)). */
const arrived = (machine: Machine, namespace: string): string | undefined => {
  const [names = '', values = ''] = machine.inside(namespace, 'grep ^Tcp: /proc/net/snmp').split('\n')
  return values.split(' ')[names.split(' ').indexOf('InSegs')]
}

test('the host listens on published ports and nothing else of ours', { skip }, async () => {
  await using machine = await Machine.start()
  const listening = () =>
    ['tcp', 'tcp6', 'udp', 'udp6'].flatMap(name =>
      parseSocketTable(readFileSync(`/proc/thread-self/net/${name}`, 'utf8'))
        .filter(row => row.listening || name.startsWith('udp'))
        .map(row => `${row.address} ${row.port}`),
    )
  const net = await machine.network('front', { enableIPv6: true })
  await machine.sandbox('web', [net], { publish: [port(80, 8080), port(81, 8081, '127.0.0.1')] })
  await machine.sandbox('db', [net])
  assert.deepEqual(listening().toSorted(), ['0.0.0.0 8080', '127.0.0.1 8081', ':: 8080'])
})

test('a host that was no router between two of its devices does not become one', { skip }, async () => {
  await using machine = await Machine.start()
  const far = `${machine.root}/far`
  pinNamespace(far, () => {})
  try {
    sh(`ip link add other type veth peer name eth0 netns ${far}
        ip address add 203.0.113.1/24 dev other; ip link set other up; ip link add br-theirs type bridge`)
    machine.inside(
      far,
      'ip link set eth0 up; ip address add 203.0.113.2/24 dev eth0; ip route add default via 203.0.113.1',
    )
    const reaches = async () =>
      (await machine.fromOutside('busybox ping -c 1 -W 1 203.0.113.2 || true')).includes(' 0% packet loss')
    assert.ok(!(await reaches()))
    const inner = await machine.network('inner', { internal: true })
    const net = await machine.network('front')
    assert.equal(machine.forwarding(), '1')
    assert.ok(!(await reaches()), 'forwarding is on now')
    assert.doesNotMatch(sh('nft list ruleset'), /br-theirs/, 'who has a bridge means to forward')
    sh('ip link delete br-theirs')
    const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
    await machine.serve(web, 'web', 80)
    for (const address of ['203.0.113.2', outsideAddress])
      assert.match(
        await machine.in(web, `busybox ping -c 1 -W 1 ${address}`),
        / 0% packet loss/,
        'containers reach both',
      )
    const fromFar = await shell(`nsenter --net=${far} sh -c '${ask('203.0.113.1', 8080)}'`)
    assert.match(fromFar, /^web /, 'and are reached from both')
    await machine.networks[Symbol.asyncDispose]()
    await machine.open()
    await machine.networks.adopt([inner, net], [web])
    assert.ok(!(await reaches()), 'the next engine knows of it')
    await machine.networks.removeSandbox(web.containerId)
    for (const { id } of [net, inner]) await machine.networks.removeNetwork(id)

    sh('sysctl -qw net.ipv4.ip_forward=1')
    assert.ok(await reaches())
    await machine.network('front')
    assert.ok(await reaches(), 'a router stays one')
  } finally {
    sh('sysctl -qw net.ipv4.ip_forward=0')
    await unpinNamespace(far)
  }
})

test('by IPv6, too, networks are apart, internal ones shut, and outside is outside', { skip }, async () => {
  await using machine = await Machine.start()
  sh('sysctl -qw net.ipv6.conf.all.forwarding=1; ip address add 2001:db8::1/64 dev uplink nodad')
  machine.inside(machine.outside, 'ip address add 2001:db8::2/64 dev eth0 nodad; ip route add default via 2001:db8::1')
  try {
    const six = { enableIPv6: true }
    const [front, back] = [await machine.network('front', six), await machine.network('back', six)]
    const inner = await machine.network('inner', { ...six, internal: true })
    const [web, db] = [await machine.sandbox('web', [front]), await machine.sandbox('db', [back])]
    const [vault, guard] = [await machine.sandbox('vault', [inner]), await machine.sandbox('guard', [inner])]
    for (const sandbox of [web, db, vault]) await machine.serve(sandbox, 'it', 80, '::')
    await machine.serve('host', 'host', 9999, '::')
    const address = ({ endpoints: [endpoint] }: typeof web) => endpoint?.ipv6Address ?? assert.fail()
    const reaches = async (from: typeof web, to: string, number = 80) =>
      (await machine.in(from, ask(to, number))) !== ''
    machine.inside(guard.netnsPath, `ip route add default via ${guard.endpoints[0]?.ipv6Gateway}`)
    type Way = readonly [what: string, from: typeof web, to: string, port?: number]
    const open: readonly Way[] = [
      ['containers of one network', guard, address(vault)],
      ['the host', web, '2001:db8::1', 9999],
    ]
    const shut: readonly Way[] = [
      ['those of another', web, address(db)],
      ['those of an internal one', web, address(vault)],
      ['out of an internal one to another', guard, address(web)],
      ['out of an internal one to the host', guard, '2001:db8::1', 9999],
      ['to the host by the gateway', guard, guard.endpoints[0]?.ipv6Gateway ?? assert.fail(), 9999],
    ]
    for (const [what, ...way] of open) assert.ok(await reaches(...way), what)
    // All at once: a second passes until each gives up.
    await Promise.all([
      ...shut.map(async ([what, ...way]) => assert.ok(!(await reaches(...way)), what)),
      ...[web, vault].map(async sandbox => assert.equal(await machine.fromOutside(ask(address(sandbox), 80)), '')),
    ])
  } finally {
    sh('sysctl -qw net.ipv6.conf.all.forwarding=0')
  }
})
