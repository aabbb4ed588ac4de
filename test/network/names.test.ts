import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bridgeName,
  deviceAlias,
  instanceOf,
  type Purpose,
  parseDeviceAlias,
  vethName,
} from '../../src/network/instance.ts'

const instance = instanceOf('/run/tscompose')
const networkId = '0123456789abcdef'.repeat(4)
const containerId = 'fedcba9876543210'.repeat(4)

test('engines with other run-time directories have other names', () => {
  assert.deepEqual(instanceOf('/run/x/../tscompose'), instance)
  assert.notEqual(instanceOf('/run/other').id, instance.id)
  assert.match(instance.table, /^tscompose_[0-9a-f]{8}$/)
})

test('device names fit into IFNAMSIZ, and those of veths are fresh each time', () => {
  assert.match(bridgeName(instance, networkId), /^tsc[0-9a-f]{4}-0123456$/)
  assert.equal(vethName(instance).length, 15)
  assert.notEqual(vethName(instance), vethName(instance))
})

for (const purpose of [
  { kind: 'network', networkId },
  {
    kind: 'network',
    networkId,
    forwardingBefore: { acceptsRedirects: false, open: ['wg0'], closed: ['eth0', 'eth1'] },
  },
  { kind: 'endpoint', containerId, networkId },
] satisfies Purpose[])
  test(`the alias of a device tells its purpose: ${JSON.stringify(purpose).slice(0, 60)}`, () => {
    const alias = deviceAlias(instance, purpose)
    assert.ok(alias.length < 256, 'IFALIASZ')
    assert.deepEqual(parseDeviceAlias(alias), { instanceId: instance.id, purpose })
  })

test('of many devices an alias tells as many as fit', () => {
  const closed = Array.from({ length: 40 }, (_, index) => `device-number-${index}`)
  const forwardingBefore = { acceptsRedirects: true, open: ['wg0'], closed }
  const alias = deviceAlias(instance, { kind: 'network', networkId, forwardingBefore })
  assert.ok(alias.length < 256)
  const purpose = parseDeviceAlias(alias)?.purpose
  assert.ok(purpose?.kind === 'network')
  const told = purpose.forwardingBefore?.closed ?? []
  assert.ok(told.length > 5)
  assert.deepEqual(told, closed.slice(0, told.length))
})

for (const alias of [undefined, '', 'uplink', 'tscompose', 'tscompose:1:', 'tscompose:1:other:x', 'docker:1:network:x'])
  test(`${alias} is no alias of ours`, () => assert.equal(parseDeviceAlias(alias), undefined))
