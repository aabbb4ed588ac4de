import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { LeaseBook } from '../../src/network/addresses/lease-book.ts'
import { type AddressRequest, chooseAddress, macFromAddress } from '../../src/network/addresses/leases.ts'

const subnet = { subnet: '10.5.0.0/24', gateway: '10.5.0.1' }
const choose = (request: Partial<AddressRequest> = {}) =>
  chooseAddress({ subnets: [subnet], key: 'shop/web/1', inUse: new Map(), leases: new Map(), ...request }).address

test('addresses are given from the lowest on, without gateway and reserved ones', () => {
  assert.equal(choose(), '10.5.0.2')
  assert.equal(choose({ subnets: [{ ...subnet, auxAddresses: { printer: '10.5.0.2' } }] }), '10.5.0.3')
  assert.equal(choose({ subnets: [{ ...subnet, ipRange: '10.5.0.128/25' }] }), '10.5.0.128')
})

test('the same key gets the address that it had, while that is free', () => {
  const leases = new Map([['shop/web/1', '10.5.0.9']])
  assert.equal(choose({ leases }), '10.5.0.9')
  assert.equal(choose({ leases, inUse: new Map([['10.5.0.9', 'container old']]) }), '10.5.0.2')
})

test('an address that somebody else had is given only when no other is left', () => {
  const leases = new Map([
    ['shop/db/1', '10.5.0.2'],
    ['shop/web/2', '10.5.0.3'],
  ])
  assert.equal(choose({ leases }), '10.5.0.4')
  assert.equal(
    choose({ leases, subnets: [{ subnet: '10.5.0.0/29', gateway: '10.5.0.1', ipRange: '10.5.0.0/30' }] }),
    '10.5.0.2',
  )
})

test('neither the address of the subnet nor its broadcast address is given', () => {
  const small = { subnet: '10.5.0.0/30', gateway: '10.5.0.1' }
  const inUse = new Map([['10.5.0.2', 'container db']])
  assert.throws(() => choose({ subnets: [small], inUse }), { code: 'NETWORK_POOL_EXHAUSTED' })
})

test('with several subnets addresses come of the first until that is full, and a lease or a fixed one of any', () => {
  const subnets = [
    { subnet: '10.5.0.0/30', gateway: '10.5.0.1' },
    { subnet: '10.6.0.0/24', gateway: '10.6.0.1' },
  ] as const
  assert.equal(choose({ subnets }), '10.5.0.2')
  const inUse = new Map([['10.5.0.2', 'container db']])
  assert.equal(choose({ subnets, inUse }), '10.6.0.2')
  assert.equal(choose({ subnets, leases: new Map([['shop/web/1', '10.6.0.9']]) }), '10.6.0.9')
  assert.equal(choose({ subnets, wanted: '10.6.0.77' }), '10.6.0.77')
  assert.throws(() => choose({ subnets, wanted: '10.6.0.1' }), { code: 'NETWORK_ADDRESS_TAKEN', message: /gateway/ })
  assert.throws(() => choose({ subnets, wanted: '10.7.0.1' }), {
    code: 'NETWORK_ADDRESS_OUTSIDE',
    message: /10\.5\.0\.0\/30 and 10\.6\.0\.0\/24/,
  })
})

test('a fixed address is checked and its holder named', () => {
  assert.equal(choose({ wanted: '10.5.0.77' }), '10.5.0.77')
  assert.throws(() => choose({ wanted: '10.6.0.1' }), { code: 'NETWORK_ADDRESS_OUTSIDE' })
  assert.throws(() => choose({ wanted: '10.5.0.255' }), { code: 'NETWORK_ADDRESS_OUTSIDE' })
  assert.throws(() => choose({ wanted: '10.5.0.1' }), { code: 'NETWORK_ADDRESS_TAKEN', message: /the gateway/ })
  assert.throws(() => choose({ wanted: '10.5.0.3', inUse: new Map([['10.5.0.3', 'container shop-db-1']]) }), {
    code: 'NETWORK_ADDRESS_TAKEN',
    message: /10\.5\.0\.3 belongs to container shop-db-1/,
  })
})

test('a fixed address overrides what another key had', () =>
  assert.equal(choose({ wanted: '10.5.0.9', leases: new Map([['shop/db/1', '10.5.0.9']]) }), '10.5.0.9'))

test('IPv6 addresses are given alike', () =>
  assert.equal(choose({ subnets: [{ subnet: 'fd01::/64', gateway: 'fd01::1' }] }), 'fd01::2'))

test('the MAC follows from the address', () => assert.equal(macFromAddress('172.18.0.10'), '02:42:ac:12:00:0a'))

function temporaryDirectory() {
  const path = mkdtempSync(join(tmpdir(), 'leases-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}
const take = (book: LeaseBook, key: string) =>
  book.take(4, { subnets: [subnet], key, holder: `container ${key}` }).address

test('leases outlive the engine, whatever the order of the next requests', async () => {
  using directory = temporaryDirectory()
  const first = new LeaseBook(directory.path, 'net')
  assert.deepEqual([take(first, 'a'), take(first, 'b')], ['10.5.0.2', '10.5.0.3'])
  await first.flush()
  const second = new LeaseBook(directory.path, 'net')
  assert.deepEqual([take(second, 'b'), take(second, 'a'), take(second, 'c')], ['10.5.0.3', '10.5.0.2', '10.5.0.4'])
  await second.flush()
})

test('a released address goes back to its key', async () => {
  using directory = temporaryDirectory()
  const book = new LeaseBook(directory.path, 'net')
  const address = take(book, 'a')
  book.release(address)
  assert.equal(take(book, 'b'), '10.5.0.3')
  assert.equal(take(book, 'a'), address)
  await book.flush()
})

test('a damaged file is as good as none, and is replaced whole', async () => {
  using directory = temporaryDirectory()
  writeFileSync(join(directory.path, 'net.json'), '{"version":1,"ipv4":[[')
  const book = new LeaseBook(directory.path, 'net')
  take(book, 'a')
  await book.flush()
  assert.deepEqual(JSON.parse(readFileSync(join(directory.path, 'net.json'), 'utf8')), {
    version: 1,
    ipv4: [['a', '10.5.0.2']],
    ipv6: [],
  })
})

test('with its network a book leaves nothing', async () => {
  using directory = temporaryDirectory()
  const book = new LeaseBook(directory.path, 'net')
  take(book, 'a')
  await book.flush()
  take(book, 'b')
  await book.remove()
  assert.deepEqual(readdirSync(directory.path), [])
})
