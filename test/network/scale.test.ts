import './own-host.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Network } from '../../src/network/network.ts'
import { addressOf, ask, endpointOn, hostAddress, Machine, port, sh, skip } from './machine.ts'

test('200 containers on one network: each has an address of its own and is found by name', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('crowd')
  const names = Array.from({ length: 200 }, (_, index) => `c${index}`)
  const sandboxes = await Promise.all(names.map(name => machine.sandbox(name, [[net, { dnsNames: [name, 'all'] }]])))
  assert.equal(new Set(sandboxes.map(one => addressOf(one))).size, 200)
  const [first, last] = [sandboxes[0] ?? assert.fail(), sandboxes.at(-1) ?? assert.fail()]
  const found = await machine.in(first, `for name in ${names.join(' ')}; do getent ahostsv4 $name | head -n 1; done`)
  assert.deepEqual(
    found
      .trim()
      .split('\n')
      .map(line => line.split(' ')[0]),
    sandboxes.map(one => addressOf(one)),
  )
  // More than a datagram takes: glibc asks by TCP.
  const all = await machine.in(first, `getent ahostsv4 all | awk '$2 == "STREAM" { print $1 }' | sort -u | wc -l`)
  assert.equal(all.trim(), '200')
  await machine.serve(last, 'last', 80)
  assert.match(await machine.in(first, ask('c199', 80)), /^last /)
  await Promise.all(sandboxes.map(({ containerId }) => machine.networks.removeSandbox(containerId)))
  await machine.networks.removeNetwork(net.id)
  assert.deepEqual(machine.leftovers(), [])
})

test('50 networks with 200 endpoints: apart, with subnets of their own, and gone together', { skip }, async () => {
  await using machine = await Machine.start()
  const networks = await Promise.all(Array.from({ length: 50 }, (_, index) => machine.network(`n${index}`)))
  assert.equal(new Set(networks.map(({ subnets }) => subnets[0]?.subnet)).size, 50)
  const on = (index: number) => Array.from({ length: 10 }, (_, n) => networks[(index * 10 + n) % 50] as Network)
  const sandboxes = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      machine.sandbox(`c${index}`, on(index), { publish: [port(80, 9000 + index)] }),
    ),
  )
  const [one, neighbour, stranger] = [sandboxes[0], sandboxes[5], sandboxes[1]]
  assert.ok(one && neighbour && stranger)
  for (const sandbox of [neighbour, stranger]) await machine.serve(sandbox, 'it', 80)
  assert.match(await machine.in(one, ask('c5', 80)), /^it /, 'on the same networks')
  assert.equal(await machine.in(one, ask(addressOf(stranger), 80)), '', 'on others')
  assert.match(await machine.fromOutside(ask(hostAddress, 9001)), /^it /)
  const again = machine.networks.sandbox(one.containerId)
  assert.equal(again?.endpoints.length, 10)
  await Promise.all(sandboxes.map(({ containerId }) => machine.networks.removeSandbox(containerId)))
  await Promise.all(networks.map(({ id }) => machine.networks.removeNetwork(id)))
  assert.deepEqual(machine.leftovers(), [])
  assert.equal(sh('nft list ruleset'), '')
})

test('an address stays with a place on a network, however many come and go meanwhile', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop', { subnets: [{ subnet: '10.71.0.0/26' }] })
  const keep = endpointOn(net, 'shop/db/1')
  const db = await machine.sandbox('db', [], { endpoints: [keep] })
  await machine.networks.removeSandbox(db.containerId)
  for (let i = 0; i < 40; i++) {
    const other = await machine.sandbox(`other/${i}`, [net])
    await machine.networks.removeSandbox(other.containerId)
  }
  await machine.networks[Symbol.asyncDispose]()
  await machine.open()
  await machine.networks.adopt([net], [])
  assert.equal(addressOf(await machine.sandbox('db', [], { endpoints: [keep] })), addressOf(db))
})
