import assert from 'node:assert/strict'
import { test } from 'node:test'
import dnsPacket from 'dns-packet'
import { Frames, framed } from '../../src/network/dns/forward.ts'
import { matchesQuery, parseQuery, type Query, withId } from '../../src/network/dns/message.ts'
import { Remembered } from '../../src/network/dns/remembered.ts'
import { answer } from '../../src/network/dns/server.ts'
import { addressOfPointer, decide, type Host, zoneOf } from '../../src/network/dns/zone.ts'
import { Supply } from '../../src/network/service/portions.ts'

const host = (containerName: string, ipv4: string, names: string[], ipv6?: string): Host => ({
  containerId: containerName,
  containerName,
  names: [containerName, ...names],
  ipv4,
  ipv6,
})
const front = zoneOf({ networkName: 'shop_front', internal: false, subnets: ['172.18.0.0/16'] }, [
  host('shop-web-1', '172.18.0.2', ['web', 'my_web']),
  host('shop-web-2', '172.18.0.3', ['web']),
])
const back = zoneOf({ networkName: 'shop_back', internal: true, subnets: ['172.19.0.0/16', 'fd01::/64'] }, [
  host('shop-db-1', '172.19.0.2', ['db', 'web', 'db.internal'], 'fd01::2'),
])
const both = [front, back]
const portion = new Supply(8).portion()

test('a service name has the addresses of all its containers', () =>
  assert.deepEqual(decide(both, 'web', 'A'), { kind: 'addresses', addresses: ['172.18.0.2', '172.18.0.3'] }))

test('the first network that knows a name answers', () =>
  assert.deepEqual(decide([back, front], 'web', 'A'), { kind: 'addresses', addresses: ['172.19.0.2'] }))

for (const name of ['WEB', 'web.', 'Web.Shop_Front', 'web.shop_front.'])
  test(`${name} is web`, () => assert.deepEqual(decide(both, name, 'A'), decide(both, 'web', 'A')))

test('names with underscores and with dots are names', () => {
  assert.deepEqual(decide(both, 'my_web', 'A'), { kind: 'addresses', addresses: ['172.18.0.2'] })
  assert.deepEqual(decide(both, 'db.internal', 'A'), { kind: 'addresses', addresses: ['172.19.0.2'] })
})

test('a name that has no address of that family exists nevertheless', () => {
  assert.deepEqual(decide(both, 'web', 'AAAA'), { kind: 'nodata' })
  assert.deepEqual(decide(both, 'db', 'AAAA'), { kind: 'addresses', addresses: ['fd01::2'] })
  for (const type of ['MX', 'TXT', 'UNKNOWN_65']) assert.deepEqual(decide(both, 'web', type), { kind: 'nodata' })
})

test('a single label that nobody has is not asked for elsewhere', () => {
  assert.deepEqual(decide(both, 'nobody', 'A'), { kind: 'nxdomain' })
  assert.deepEqual(decide(both, 'nobody', 'AAAA'), { kind: 'nxdomain' })
})

test('a dotted name is forwarded, unless all networks are internal', () => {
  assert.deepEqual(decide(both, 'example.com', 'A'), { kind: 'forward' })
  assert.deepEqual(decide(both, 'nobody.shop_front', 'A'), { kind: 'forward' })
  assert.deepEqual(decide([back], 'example.com', 'A'), { kind: 'nxdomain' })
  assert.deepEqual(decide([], 'example.com', 'A'), { kind: 'nxdomain' })
})

test('an address points to its container, one of ours that is free to nothing, one of others is forwarded', () => {
  assert.deepEqual(decide(both, '2.0.19.172.in-addr.arpa', 'PTR'), { kind: 'pointer', name: 'shop-db-1.shop_back' })
  assert.deepEqual(decide(both, '9.0.19.172.in-addr.arpa', 'PTR'), { kind: 'nxdomain' })
  assert.deepEqual(decide(both, '8.8.8.8.in-addr.arpa', 'PTR'), { kind: 'forward' })
  const ipv6 = `2${'.0'.repeat(27)}.1.0.d.f.ip6.arpa`
  assert.equal(addressOfPointer(ipv6), 'fd01::2')
  assert.deepEqual(decide(both, ipv6, 'PTR'), { kind: 'pointer', name: 'shop-db-1.shop_back' })
})

const view = {
  version: () => 0,
  zones: () => both,
  upstream: () => [],
  linked: (_: string): string | undefined => undefined,
}
const ask = (name: string, type: dnsPacket.RecordType, more: Partial<dnsPacket.Packet> = {}) =>
  dnsPacket.encode({
    type: 'query',
    id: 4711,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name, type }],
    ...more,
  })

async function respond(query: Buffer, zones = both, transport: 'udp' | 'tcp' = 'udp') {
  const bytes = await answer(query, { ...view, zones: () => zones }, transport, portion)
  assert.ok(bytes)
  return { bytes, packet: dnsPacket.decode(bytes) as dnsPacket.DecodedPacket & { rcode: string } }
}

const firstOf = ({ answers }: dnsPacket.Packet) => (answers?.[0] as { data: unknown } | undefined)?.data

test('an answer has the id, the question as it was written, and no time to live', async () => {
  const { packet, bytes } = await respond(ask('DB', 'A'))
  assert.equal(packet.id, 4711)
  assert.equal(packet.rcode, 'NOERROR')
  assert.ok(packet.flag_qr && packet.flag_ra && packet.flag_rd && packet.flag_aa)
  assert.deepEqual(
    packet.questions?.map(({ name }) => name),
    ['DB'],
  )
  assert.deepEqual(packet.answers, [{ name: 'DB', type: 'A', ttl: 0, class: 'IN', flush: false, data: '172.19.0.2' }])
  assert.equal(bytes.length, 12 + 8 + 16, 'the name is compressed')
})

test('AAAA and PTR answers are well formed', async () => {
  const { packet } = await respond(ask('db', 'AAAA'))
  assert.equal(firstOf(packet), 'fd01::2')
  const pointer = (await respond(ask('2.0.19.172.in-addr.arpa', 'PTR'))).packet
  assert.equal(firstOf(pointer), 'shop-db-1.shop_back')
})

test('NODATA, NXDOMAIN, and SERVFAIL where no server answers', async () => {
  const nodata = (await respond(ask('web', 'AAAA'))).packet
  assert.deepEqual([nodata.rcode, nodata.answers?.length], ['NOERROR', 0])
  assert.equal((await respond(ask('nobody', 'A'))).packet.rcode, 'NXDOMAIN')
  assert.equal((await respond(ask('example.com', 'A'))).packet.rcode, 'SERVFAIL')
})

const many = zoneOf(
  { networkName: 'many', internal: false, subnets: ['10.0.0.0/16'] },
  Array.from({ length: 60 }, (_, index) => host(`web-${index}`, `10.0.0.${index + 1}`, ['web'])),
)

test('what does not fit into a datagram is cut off and marked, with as many answers as fit', async () => {
  const { packet, bytes } = await respond(ask('web', 'A'), [many])
  assert.ok(packet.flag_tc)
  assert.equal(packet.answers?.length, Math.floor((512 - 12 - 9) / 16))
  assert.ok(bytes.length <= 512)
})

test('with EDNS more fits, by TCP everything', async () => {
  const additionals = [
    { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] },
  ] as unknown as dnsPacket.Answer[]
  const edns = (await respond(ask('web', 'A', { additionals }), [many])).packet
  assert.equal(edns.answers?.length, 60)
  assert.equal(edns.additionals?.[0]?.type, 'OPT')
  const tcp = (await respond(ask('web', 'A'), [many], 'tcp')).packet
  assert.ok(!tcp.flag_tc)
  assert.equal(tcp.answers?.length, 60)
})

test('the order of several addresses changes', async () => {
  const firsts = new Set<unknown>()
  for (let i = 0; i < 100; i++) firsts.add(firstOf((await respond(ask('web', 'A'))).packet))
  assert.deepEqual([...firsts].sort(), ['172.18.0.2', '172.18.0.3'])
})

test('a link is a name that one container alone has for another', async () => {
  const linked = (name: string) => ({ store: 'shop-db-1', gone: 'nobody' })[name]
  const code = async (name: string) => {
    const bytes = await answer(ask(name, 'A'), { ...view, linked }, 'udp', portion)
    assert.ok(bytes)
    return [bytes.readUInt16BE(2) & 15, bytes.readUInt16BE(6)]
  }
  assert.deepEqual(await code('Store'), [0, 1])
  assert.deepEqual(await code('gone'), [3, 0])
  assert.equal((await respond(ask('store', 'A'))).packet.rcode, 'NXDOMAIN')
})

test('what is no query is refused or ignored', async () => {
  const rcodeOf = async (bytes: Buffer) => {
    const response = await answer(bytes, view, 'udp', portion)
    return response && response.readUInt16BE(2) & 15
  }
  assert.equal(await rcodeOf(Buffer.alloc(5)), undefined)
  assert.equal(await rcodeOf(dnsPacket.encode({ type: 'response', id: 1, questions: [] })), undefined)
  assert.equal(await rcodeOf(dnsPacket.encode({ type: 'query', id: 1, questions: [] })), 1)
  assert.equal(await rcodeOf(ask('web', 'A').subarray(0, 15)), 1)
  const update = ask('web', 'A')
  update.writeUInt16BE(5 << 11, 2)
  assert.equal(await rcodeOf(update), 4)
})

test('an upstream answer must be to the question that was asked', () => {
  const query = (parseQuery(ask('example.com', 'A')) as { query: Query }).query
  const response = (name: string, id: number) =>
    dnsPacket.encode({ type: 'response', id, questions: [{ name, type: 'A' }] })
  assert.ok(matchesQuery(response('eXample.com', 9), query, 9))
  assert.ok(!matchesQuery(response('example.com', 8), query, 9))
  assert.ok(!matchesQuery(response('evil.com.com', 9), query, 9))
  assert.ok(!matchesQuery(withId(ask('example.com', 'A'), 9), query, 9))
})

test('messages come out of a TCP stream whole, however it is cut', () => {
  const stream = Buffer.concat([framed(Buffer.from('one')), framed(Buffer.from('')), framed(Buffer.from('three'))])
  for (const size of [1, 2, 3, 7, 100]) {
    const frames = new Frames()
    const out: string[] = []
    for (let at = 0; at < stream.length; at += size)
      out.push(...frames.push(stream.subarray(at, at + size)).map(String))
    assert.deepEqual(out, ['one', '', 'three'])
  }
})

test('an answer that was given is given again with the new id, until something changes', () => {
  const remembered = new Remembered()
  const query = ask('db', 'A')
  assert.equal(remembered.find(query, 1), undefined)
  const [first, second] = [
    answer(query, view, 'udp', portion) as Buffer,
    answer(ask('web', 'A'), view, 'udp', portion) as Buffer,
  ]
  remembered.add(query, first)
  assert.deepEqual(remembered.find(withId(query, 12), 1), withId(first, 12))
  assert.equal(remembered.find(ask('DB', 'A'), 1), undefined, 'an answer repeats the name as it was written')
  assert.equal(remembered.find(ask('db', 'AAAA'), 1), undefined)
  remembered.add(ask('web', 'A'), second)
  assert.equal(remembered.find(ask('web', 'A'), 1), undefined, 'two addresses change their order')
  assert.equal(remembered.find(query, 2), undefined)
  assert.equal(remembered.find(query, 2), undefined)
})
