import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import {
  addressBytes,
  addressFromBytes,
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  readAddress,
} from '../../src/network/addresses/address.ts'

for (const text of [
  '0.0.0.0',
  '172.18.0.2',
  '255.255.255.255',
  '::',
  '::1',
  'fd00:1::2',
  'fe80::1:0:0:1',
  '1:2:3:4:5:6:7:8',
])
  test(`${text} is read and written back`, () => {
    assert.equal(formatAddress(parseAddress(text)), text)
    assert.equal(addressFromBytes(addressBytes(text)), text)
  })

test('an IPv6 address is written in its shortest form', () =>
  assert.equal(formatAddress(parseAddress('2001:0DB8:0:0:0:0:0:0001')), '2001:db8::1'))

test('what node:net takes for an address is one, and nothing else', () => {
  const parts = ['', ':', '::', '1', 'ffff', '10000', '1.2.3.4', '::ffff:', '1:2:3:4:5:6:', '7:8', '256.1.1.1', '0']
  for (const a of parts)
    for (const b of parts)
      for (const c of parts) assert.equal(readAddress(a + b + c)?.family ?? 0, isIP(a + b + c), a + b + c)
})

test('an IPv4 address within an IPv6 one is its last 32 bits', () =>
  assert.equal(parseAddress('::ffff:172.18.0.2').value & 0xffff_ffffn, parseAddress('172.18.0.2').value))

for (const text of [
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '12345::',
  'g::',
  '::1.2.3',
  '1:',
  ':1',
  '01.2.3.4',
  '1.2.3.a',
  '',
  '1.2.3',
  '1.2.3.4.5',
  '256.1.1.1',
  ':::',
  'fe80::1%eth0',
  'web',
])
  test(`"${text}" is no address`, () => {
    assert.equal(readAddress(text), undefined)
    assert.throws(() => parseAddress(text), { code: 'NETWORK_ADDRESS_INVALID' })
  })

test('a subnet clears the bits beyond its prefix', () => {
  assert.equal(formatSubnet(parseSubnet('172.18.3.4/16')), '172.18.0.0/16')
  assert.equal(formatSubnet(parseSubnet('fd00:1:2:3:4::/64')), 'fd00:1:2:3::/64')
})

for (const text of ['172.18.0.0', '172.18.0.0/33', 'fd00::/129', '172.18.0.0/', '/16', 'a/16'])
  test(`"${text}" is no subnet`, () => assert.throws(() => parseSubnet(text), { code: 'NETWORK_SUBNET_INVALID' }))

test('subnets overlap when one holds an address of the other', () => {
  const [wide, narrow, beside] = ['172.16.0.0/12', '172.31.255.0/24', '172.32.0.0/24'].map(parseSubnet)
  assert.ok(wide && narrow && beside)
  assert.ok(overlaps(wide, narrow) && overlaps(narrow, wide))
  assert.ok(!overlaps(wide, beside) && !overlaps(beside, wide))
  assert.ok(!overlaps(wide, parseSubnet('::/0')))
  assert.ok(contains(wide, parseAddress('172.31.255.255')))
  assert.ok(!contains(wide, parseAddress('172.32.0.0')))
})
