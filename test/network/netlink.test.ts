import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeAttributes,
  encodeAttributes,
  macAddress,
  nested,
  string,
  u8,
  u16be,
  u32,
} from '../../src/network/netlink/attributes.ts'
import { deleteUdpMappings } from '../../src/network/netlink/conntrack.ts'
import {
  bringUpPort,
  decodeLink,
  deleteLinkGroup,
  getLink,
  newBridge,
  newVeth,
  setLink,
} from '../../src/network/netlink/link.ts'
import {
  decodeAcknowledgement,
  decodeMessages,
  encodeMessage,
  type Message,
} from '../../src/network/netlink/message.ts'
import { decodeAddress, decodeRoute, newAddress, replaceDefaultRoute } from '../../src/network/netlink/route.ts'
import { decodeCounters, fromOtherEnd, indexOfStats } from '../../src/network/netlink/stats.ts'

const table = {
  small: u8(1),
  text: string(3),
  number: u32(4),
  port: u16be(5),
  mac: macAddress(6),
  inner: nested(7, { flag: u8(2) }),
}

test('attributes are length, type, value and padding to four bytes', () => {
  assert.equal(encodeAttributes(table, { small: 7 }).toString('hex'), '05000100' + '07000000')
  assert.equal(encodeAttributes(table, { text: 'lo' }).toString('hex'), '07000300' + '6c6f0000')
  assert.equal(encodeAttributes(table, { number: 1 }).toString('hex'), '08000400' + '01000000')
  assert.equal(encodeAttributes(table, { port: 80 }).toString('hex'), '06000500' + '00500000')
  assert.equal(encodeAttributes(table, { inner: { flag: 1 } }).toString('hex'), '0c000780' + '05000200' + '01000000')
})

test('what is encoded is decoded, and what is not in the table is passed over', () => {
  const values = {
    small: 1,
    text: 'eth0',
    number: 0xffffffff,
    port: 65535,
    mac: '02:42:ac:12:00:02',
    inner: { flag: 9 },
  }
  const bytes = encodeAttributes(table, values)
  assert.deepEqual(decodeAttributes(table, bytes), values)
  const { small, port } = table
  assert.deepEqual(decodeAttributes({ small, port }, bytes), { small: 1, port: 65535 })
})

test('damaged attributes end the list', () => {
  const bytes = encodeAttributes(table, { small: 1, number: 2 })
  for (let length = 0; length < bytes.length; length++) decodeAttributes(table, bytes.subarray(0, length))
  assert.deepEqual(decodeAttributes(table, Buffer.from('0100010000000000', 'hex')), {})
})

const hex = ({ body }: Message) => body.toString('hex')
/** A header of 16 bytes: family, type, index, flags, mask. */
const ifinfomsg = (index: string, flags = '00000000', mask = '00000000') => `00000000${index}${flags}${mask}`

test('a bridge is made with its address', () =>
  assert.equal(
    hex(newBridge({ name: 'tsc0', address: '02:42:ac:12:00:01', mtu: 1500 })),
    ifinfomsg('00000000') +
      '09000300' +
      '7473633000000000' + // IFLA_IFNAME
      '0a000100' +
      '0242ac1200010000' + // IFLA_ADDRESS
      '08000400' +
      'dc050000' + // IFLA_MTU
      '10001280' +
      '0b000100' +
      '6272696467650000', // IFLA_LINKINFO { IFLA_INFO_KIND "bridge" }
  ))

test('a veth pair has its peer within, with a header of its own', () =>
  assert.equal(
    hex(
      newVeth({
        name: 'tscv',
        index: 17,
        master: 5,
        mtu: 1500,
        peer: { name: 'eth0', index: 16, address: '02:42:ac:12:00:02', netnsFd: 9 },
      }),
    ),
    ifinfomsg('11000000') +
      '09000300' +
      '7473637600000000' +
      '08000a00' +
      '05000000' + // IFLA_MASTER
      '08000400' +
      'dc050000' +
      '50001280' + // IFLA_LINKINFO
      '09000100' +
      '7665746800000000' + // IFLA_INFO_KIND "veth"
      '40000200' + // IFLA_INFO_DATA
      '3c000100' + // VETH_INFO_PEER
      ifinfomsg('10000000') +
      '09000300' +
      '6574683000000000' +
      '0a000100' +
      '0242ac1200020000' +
      '08001c00' +
      '09000000' + // IFLA_NET_NS_FD
      '08000400' +
      'dc050000',
  ))

test('a bridge port comes up with hairpin mode, and isolated where containers must not talk to each other', () => {
  assert.ok(hex(bringUpPort('tscv', 'a', false)).startsWith(ifinfomsg('00000000', '01000000', '01000000')))
  const slave = (isolated: string) =>
    `240012800b000400627269646765000014000580050004000100000005002100${isolated}000000`
  assert.ok(hex(bringUpPort('tscv', 'a', false)).endsWith(slave('00')))
  assert.ok(hex(bringUpPort('tscv', 'a', true)).endsWith(slave('01')))
})

test('links are named by number or by name', () => {
  assert.equal(hex(getLink(3)), ifinfomsg('03000000'))
  assert.equal(hex(getLink('lo')), `${ifinfomsg('00000000')}07000300${'6c6f0000'}`)
  assert.equal(hex(setLink(3, { up: true })), ifinfomsg('03000000', '01000000', '01000000'))
  assert.equal(hex(deleteLinkGroup(7)), `${ifinfomsg('00000000')}08001b00${'07000000'}`)
})

test('addresses: IPv4 with its prefix, IPv6 without duplicate address detection', () => {
  assert.equal(hex(newAddress(2, '172.18.0.2', 16)), '02100000' + '02000000' + '08000100ac120002' + '08000200ac120002')
  assert.ok(hex(newAddress(2, 'fd00::2', 64)).startsWith('0a400200' + '02000000' + '14000100fd00'))
})

test('a default route replaces the one there is', () => {
  const message = replaceDefaultRoute(2, '172.18.0.1')
  assert.equal(message.flags, 0x500) // NLM_F_CREATE | NLM_F_REPLACE
  assert.equal(hex(message), '02000000' + 'fe030001' + '00000000' + '08000500ac120001' + '0800040002000000')
})

test('UDP connections are forgotten by protocol and port', () => {
  const message = deleteUdpMappings({ port: 53, family: 4 })
  assert.equal(message.type, 0x0102)
  assert.equal(
    hex(message),
    '02010000' +
      '18000180' +
      '14000280' +
      '05000100' +
      '11000000' +
      '06000300' +
      '00350000' +
      '0c001980' +
      '08000100' +
      '28000000',
  )
})

test('messages have a header, and end on four bytes', () => {
  const bytes = encodeMessage({ type: 16, flags: 0x600, body: Buffer.from('abcde'), what: '' }, 7)
  assert.equal(bytes.toString('hex'), '15000000' + '1000' + '0506' + '07000000' + '00000000' + '6162636465' + '000000')
  const [first, second, ...rest] = decodeMessages(Buffer.concat([bytes, bytes]))
  assert.deepEqual([first?.type, first?.sequence, first?.body.toString()], [16, 7, 'abcde'])
  assert.ok(second && rest.length === 0)
})

test('an acknowledgement has the error, and the kernel’s reason if it gives one', () => {
  const header = '00'.repeat(16)
  assert.deepEqual(decodeAcknowledgement(Buffer.from(`00000000${header}`, 'hex')), { errno: 0, text: '' })
  const reason = Buffer.concat([Buffer.from(`efffffff${header}0d000100`, 'hex'), Buffer.from('too many\0')])
  assert.deepEqual(decodeAcknowledgement(reason), { errno: 17, text: 'too many' })
})

const reply = (body: string | Buffer) => ({ type: 16, sequence: 1, body: Buffer.from(body as string, 'hex') })

test('links, addresses and routes of the kernel are understood', () => {
  const link = decodeLink(reply(`${ifinfomsg('04000000', '43100100')}07000300616200000500100006000000`))
  assert.deepEqual([link.index, link.up, link.name, link.operstate], [4, true, 'ab', 6])
  assert.deepEqual(decodeAddress(reply('02180000' + '04000000' + '08000100c0000202' + '08000200c0000202')), {
    index: 4,
    address: '192.0.2.2',
    prefixLength: 24,
  })
  const route = '02180000' + 'fe020101' + '00000000'
  assert.deepEqual(decodeRoute(reply(`${route}08000100c00002000800040004000000`)), {
    table: 254,
    prefixLength: 24,
    destination: '192.0.2.0',
    outputInterface: 4,
  })
  assert.equal(decodeRoute(reply(`1c${route.slice(2)}`)), undefined) // AF_MPLS
})

test('counters are in the order of struct rtnl_link_stats64', () => {
  const counters = Buffer.alloc(8 * 24)
  for (let i = 0; i < 24; i++) counters.writeBigUInt64LE(BigInt(i + 1), i * 8)
  const head = Buffer.alloc(4)
  head.writeUInt16LE(4 + counters.length, 0)
  head.writeUInt16LE(1, 2)
  const reply = {
    type: 92,
    sequence: 1,
    body: Buffer.concat([Buffer.from('000000000700000001000000', 'hex'), head, counters]),
  }
  assert.equal(indexOfStats(reply), 7)
  const here = {
    rxPackets: 1,
    txPackets: 2,
    rxBytes: 3,
    txBytes: 4,
    rxErrors: 5,
    txErrors: 6,
    rxDropped: 7,
    txDropped: 8,
  }
  assert.deepEqual(decodeCounters(reply), here)
  assert.deepEqual(fromOtherEnd(fromOtherEnd(here)), here)
  assert.equal(fromOtherEnd(here).rxBytes, 4)
})
