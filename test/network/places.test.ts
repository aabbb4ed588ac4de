import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GatewayMode } from '../../src/network/bridge-options.ts'
import type { PortSpec } from '../../src/network/network.ts'
import { placesOf, type Ways } from '../../src/network/ports/places.ts'

const ways = (more: Partial<Ways> = {}): Ways => ({
  networkName: 'shop',
  modes: { 4: 'nat', 6: 'nat' },
  has: { 4: true, 6: false },
  forwards: { 4: true, 6: true },
  ...more,
})
const spec = (protocol: PortSpec['protocol'], hostIp?: string): PortSpec => ({
  protocol,
  containerPort: 80,
  ...(hostIp && { hostIp }),
})
const both = { has: { 4: true, 6: true } }
const routed = (family: 4 | 6): { modes: Record<4 | 6, GatewayMode> } => ({
  modes: { 4: 'nat', 6: 'nat', [family]: 'routed' },
})

test('a port is on every address of the host, also of a family that the network does not have', () => {
  assert.deepEqual(placesOf(spec('tcp'), undefined, ways()), { bound: ['0.0.0.0', '::'], direct: [] })
  assert.deepEqual(placesOf(spec('tcp', '127.0.0.1'), '127.0.0.1', ways()).bound, ['127.0.0.1'])
})

test('SCTP is where the kernel leads it: no proxy carries it', () => {
  assert.deepEqual(placesOf(spec('sctp'), undefined, ways()).bound, ['0.0.0.0'])
  assert.deepEqual(placesOf(spec('sctp'), undefined, ways(both)).bound, ['0.0.0.0', '::'])
  assert.deepEqual(placesOf(spec('sctp', '2001:db8::1'), '2001:db8::1', ways(both)).bound, ['2001:db8::1'])
  const refused = { code: 'NETWORK_NOT_SUPPORTED', message: /no proxy carries SCTP/ }
  assert.throws(() => placesOf(spec('sctp', '::'), '::', ways()), refused)
  assert.throws(() => placesOf(spec('sctp', '::1'), '::1', ways(both)), refused)
  const closed = ways({ ...both, forwards: { 4: true, 6: false } })
  assert.deepEqual(placesOf(spec('sctp'), undefined, closed).bound, ['0.0.0.0'])
  assert.throws(() => placesOf(spec('sctp', '::'), '::', closed), refused)
})

test('where a family is routed, the port is the container’s own', () => {
  assert.deepEqual(placesOf(spec('tcp'), undefined, ways({ ...both, ...routed(6) })), {
    bound: ['0.0.0.0'],
    direct: [6],
  })
  assert.deepEqual(placesOf(spec('tcp'), undefined, ways(routed(4))), { bound: [], direct: [4] })
  assert.deepEqual(placesOf(spec('tcp'), '127.0.0.1', ways(routed(4))).direct, [4], 'an address that is only preset')
  assert.throws(() => placesOf(spec('tcp', '127.0.0.1'), '127.0.0.1', ways(routed(4))), {
    code: 'NETWORK_NOT_SUPPORTED',
    message: /published on 127\.0\.0\.1: network shop is routed/,
  })
})

test('a port that nobody could reach is refused, not left out', () => {
  const only6 = { has: { 4: false, 6: true } }
  const refused = { code: 'NETWORK_NOT_SUPPORTED', message: /cannot be published.*: nothing leads from there/ }
  const closed = ways({ ...only6, forwards: { 4: true, 6: false } })
  assert.throws(() => placesOf(spec('sctp'), undefined, closed), refused)
  assert.throws(() => placesOf(spec('tcp', '0.0.0.0'), '0.0.0.0', ways({ ...only6, ...routed(6) })), refused)
})
