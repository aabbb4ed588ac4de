import './own-host.ts'
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { test } from 'node:test'
import { inNamespace } from '../../src/network/namespace.ts'
import { boundSocket } from '../../src/network/ports/socket.ts'
import { Machine, sh, skip } from './machine.ts'
import { upstream } from './upstream.ts'

const dns = (...servers: string[]) => ({ dns: { servers, search: [], options: [] } })

test('names of others are asked of the given servers, our own never', { skip }, async () => {
  await using machine = await Machine.start()
  await using server = await upstream('192.0.2.1')
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net], dns('192.0.2.1'))
  assert.match(await machine.in(web, 'getent ahostsv4 www.example.com'), /^203\.0\.113\.1 /)
  assert.match(await machine.in(web, 'busybox nslookup example.org'), /Address: *203\.0\.113\.1/)
  const before = server.asked.length
  assert.ok(before >= 2)
  await machine.in(
    web,
    'getent hosts web; getent hosts nobody; getent hosts 172.17.0.99; busybox nslookup nobody || true',
  )
  assert.equal(server.asked.length, before)
})

test('a server that refuses or fails is passed over', { skip }, async () => {
  await using machine = await Machine.start()
  await using failing = await upstream('192.0.2.2', 'SERVFAIL')
  await using _ = await upstream('192.0.2.3')
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net], dns('192.0.2.99', '192.0.2.2', '192.0.2.3'))
  assert.match(await machine.in(web, 'getent ahostsv4 example.com'), /^203\.0\.113\.1 /)
  assert.ok(failing.asked.length > 0)
  const lost = await machine.sandbox('lost', [net], dns('192.0.2.99'))
  assert.equal(await machine.in(lost, 'getent hosts example.com || echo none'), 'none\n')
})

test('a server that keeps silent holds nobody up: the next is asked, and the first may still answer', {
  skip,
}, async () => {
  await using machine = await Machine.start()
  await using server = await upstream('192.0.2.3')
  const silent = createSocket('udp4')
  sh('ip address replace 192.0.2.2/32 dev lo')
  silent.bind(53, '192.0.2.2')
  await once(silent, 'listening')
  await using _ = silent
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net], dns('192.0.2.2', '192.0.2.3'))
  // Without a second attempt: glibc would ask again after five seconds.
  const question = 'RES_OPTIONS="timeout:1 attempts:1" getent ahostsv4 example.com'
  assert.match(await machine.in(web, question), /^203\.0\.113\.1 /)
  assert.deepEqual(server.asked, ['udp A example.com'])
  const lost = await machine.sandbox('lost', [net], dns('192.0.2.2'))
  assert.equal(await machine.in(lost, `${question} || echo none`), 'none\n')
})

test('a server on loopback is the container’s own, not the host’s', { skip }, async () => {
  await using machine = await Machine.start()
  await using host = await upstream('127.0.0.1')
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net], dns('127.0.0.1'))
  const question = 'RES_OPTIONS="timeout:1 attempts:1" getent ahostsv4 example.com'
  assert.equal(await machine.in(web, `${question} || echo none`), 'none\n')
  const { fd } = inNamespace(web.netnsPath, () => boundSocket('udp', '127.0.0.1', 53))
  await using _ = await upstream({ fd })
  assert.match(await machine.in(web, 'getent ahostsv4 example.com'), /^203\.0\.113\.1 /)
  assert.deepEqual(host.asked, [])
  await machine.networks.removeSandbox(web.containerId)
})

test('a truncated answer is asked for again by TCP', { skip }, async () => {
  await using machine = await Machine.start()
  await using server = await upstream('192.0.2.1')
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net], dns('192.0.2.1'))
  const output = await machine.in(web, 'getent ahostsv4 big.example.com')
  assert.equal(output.split('\n').filter(line => line.includes('STREAM')).length, 60)
  assert.ok(server.asked.includes('tcp A big.example.com'))
})

test('on internal networks nothing is asked outside', { skip }, async () => {
  await using machine = await Machine.start()
  await using server = await upstream('192.0.2.1')
  const net = await machine.network('inner', { internal: true })
  const web = await machine.sandbox('web', [net], dns('192.0.2.1'))
  assert.equal(await machine.in(web, 'getent hosts example.com || echo none'), 'none\n')
  assert.match(await machine.in(web, 'getent hosts web'), /web/)
  assert.deepEqual(server.asked, [])
})

test('a container may run a name server of its own', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop_default')
  const web = await machine.sandbox('web', [net])
  const { linux } = await import('../../src/sys/kernel.ts')
  const sockets = inNamespace(web.netnsPath, () =>
    (['udp', 'tcp'] as const).map(kind => boundSocket(kind, '0.0.0.0', 53)),
  )
  for (const { fd } of sockets) linux.close(fd)
  assert.match(await machine.in(web, 'getent hosts web'), /web/)
})
