import './own-host.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressOf, Machine, sh, skip } from './machine.ts'

test('a network with containers on it stays, and says which', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  await machine.sandbox('shop-web-1', [net])
  await assert.rejects(machine.networks.removeNetwork(net.id), { code: 'NETWORK_IN_USE', message: /shop-web-1/ })
  await assert.rejects(machine.networks.removeNetwork('f'.repeat(64)), { code: 'NETWORK_NOT_FOUND' })
})

test('after the last network everything is as before', { skip }, async () => {
  await using machine = await Machine.start()
  const before = machine.leftovers()
  assert.equal(machine.forwarding(), '0')
  const [front, back] = await Promise.all([machine.network('front'), machine.network('back')])
  const sandboxes = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      machine.sandbox(`c${index}`, [front, back], { publish: [{ protocol: 'tcp', containerPort: 80 }] }),
    ),
  )
  assert.equal(machine.forwarding(), '1')
  await Promise.all(sandboxes.map(({ containerId }) => machine.networks.removeSandbox(containerId)))
  await machine.networks.removeNetwork(front.id)
  assert.equal(machine.forwarding(), '1')
  await machine.networks.removeNetwork(back.id)
  assert.equal(machine.forwarding(), '0')
  assert.deepEqual(machine.leftovers(), before)
  await machine.networks.removeSandbox(sandboxes[0]?.containerId ?? '')
})

test('settings of the host are afterwards as they were, also those that the kernel changes with forwarding', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  const settings = () => sh('sysctl -a -r ^net 2>/dev/null | grep -v nf_conntrack_count || true')
  for (const redirects of ['0', '1']) {
    sh(`cd /proc/sys/net/ipv4/conf; echo ${redirects} > all/accept_redirects; echo 1 > uplink/forwarding`)
    const before = settings()
    const [one, two] = [await machine.network('one'), await machine.network('two', { enableIPv6: true })]
    const web = await machine.sandbox('web', [one, two])
    assert.notEqual(settings(), before)
    await machine.networks[Symbol.asyncDispose]()
    await machine.open() // what was before is not kept in memory
    await machine.networks.adopt([one, two], [web])
    await machine.networks.removeSandbox(web.containerId)
    for (const { id } of [one, two]) await machine.networks.removeNetwork(id)
    assert.equal(settings(), before)
  }
})

test('forwarding that was on stays on, and so does what a foreign router needs', { skip }, async () => {
  await using machine = await Machine.start()
  sh('sysctl -qw net.ipv4.ip_forward=1')
  const first = await machine.network('first')
  await machine.networks.removeNetwork(first.id)
  assert.equal(machine.forwarding(), '1')

  sh('sysctl -qw net.ipv4.ip_forward=0')
  const second = await machine.network('second')
  sh('ip link add virbr9 type bridge')
  await machine.networks.removeNetwork(second.id)
  assert.equal(machine.forwarding(), '1')
  sh('ip link delete virbr9')
})

test('a process that sits in a namespace does not keep the device', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net])
  const { spawn } = await import('node:child_process')
  const child = spawn('nsenter', [`--net=${web.netnsPath}`, 'sleep', '60'])
  await new Promise(resolve => child.once('spawn', resolve))
  while (!/eth0/.test(sh(`nsenter --net=/proc/${child.pid}/ns/net ip -br link`))) await new Promise(setImmediate)
  await machine.networks.removeSandbox(web.containerId)
  assert.doesNotMatch(sh('ip -br link'), /^tsc\w+v/m)
  await machine.networks.removeNetwork(net.id)
  child.kill('SIGKILL')
})

test('who comes next gets the address at once; who removes the network waits until all devices have gone', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('front', { subnets: [{ subnet: '10.77.0.0/24' }] })
  const fixed = { ipv4Address: '10.77.0.9' }
  const first = await machine.sandbox('first', [[net, fixed]])
  await machine.networks.removeSandbox(first.containerId)
  const second = await machine.sandbox('second', [[net, fixed]])
  assert.equal(addressOf(second), '10.77.0.9')
  await machine.networks.removeSandbox(second.containerId)
  await machine.networks.removeNetwork(net.id)
  assert.deepEqual(machine.leftovers(), [])
})

test('an address of who leaves is given to who comes, where it is the last', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('small', { subnets: [{ subnet: '10.77.0.0/30', gateway: '10.77.0.1' }] })
  const first = await machine.sandbox('first', [net])
  await assert.rejects(machine.sandbox('second', [net]), { code: 'NETWORK_POOL_EXHAUSTED' })
  await machine.networks.removeSandbox(first.containerId)
  assert.equal(addressOf(await machine.sandbox('second', [net])), '10.77.0.2')
})
