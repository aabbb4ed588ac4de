import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { DnsServer } from '../../src/network/dns/server.ts'
import { boundSocket } from '../../src/network/ports/socket.ts'
import { TcpProxy } from '../../src/network/proxy/tcp.ts'
import { UdpProxy } from '../../src/network/proxy/udp.ts'
import { Supply } from '../../src/network/service/portions.ts'

test('one that takes what it gets leaves half, two of them a third each, and what is given back is there again', () => {
  const supply = new Supply(12)
  const [greedy, second, modest] = [supply.portion(), supply.portion(), supply.portion()]
  const all = (portion: typeof greedy) => {
    let taken = 0
    while (portion.take()) taken++
    return taken
  }
  assert.equal(all(greedy), 6)
  assert.equal(all(second), 3)
  assert.equal(modest.take(), true)
  for (let i = 0; i < 6; i++) greedy.giveBack()
  assert.equal(all(second), 3)
})

test('a port with more connections than its portion refuses further ones, and takes others when those have gone', async t => {
  const server = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { fd, port } = boundSocket('tcp', '127.0.0.1', 0)
  const target = { address: '127.0.0.1', port: (server.address() as AddressInfo).port }
  await using _ = new TcpProxy(fd, target, new Supply(4).portion())
  const echoes = async (socket: Socket): Promise<boolean> => {
    socket.write('x')
    return await once(socket, 'data').then(
      () => true,
      () => false,
    )
  }
  const open = () => connect(port, '127.0.0.1').on('error', () => {})
  const [first, second] = [open(), open()]
  assert.deepEqual([await echoes(first), await echoes(second)], [true, true])
  assert.equal(await echoes(open()), false)
  first.destroy()
  let later = open()
  while (!(await echoes(later))) later = open()
  for (const socket of [second, later]) socket.destroy()
})

test('a port that datagrams come to from ever new addresses has sockets for the latest of them', async t => {
  const server = dgram.createSocket('udp4', (bytes, { port, address }) => server.send(bytes, port, address))
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { fd, port } = boundSocket('udp', '127.0.0.1', 0)
  const target = { address: '127.0.0.1', port: server.address().port }
  const portion = new Supply(8).portion()
  await using _ = new UdpProxy(fd, 'udp4', target, portion)
  for (let i = 0; i < 12; i++) {
    const client = dgram.createSocket('udp4')
    client.send(String(i), port, '127.0.0.1')
    const [bytes] = await once(client, 'message')
    assert.equal(String(bytes), String(i))
    client.close()
  }
  assert.equal(portion.take(), false)
})

test('who asks for names without reading the answers is not heard any further', async () => {
  const [udp, tcp] = [boundSocket('udp', '127.0.0.1', 0), boundSocket('tcp', '127.0.0.1', 0)]
  let asked = 0
  const zones = () => {
    asked++
    return []
  }
  const view = { version: () => 0, zones, linked: () => undefined, upstream: () => [] }
  await using _ = new DnsServer({ udpFd: udp.fd, tcpFd: tcp.fd }, view)
  const query = Buffer.from('001400010100000100000000000002787801780000010001', 'hex')
  query.writeUInt16BE(query.length - 2)
  const many = Buffer.concat(Array.from({ length: 10_000 }, () => query))
  const client = connect(tcp.port, '127.0.0.1').on('error', () => {})
  client.pause()
  // Until the server takes no more, in whatever the kernel buffers.
  while (client.write(many) || (await Promise.race([once(client, 'drain'), quiet()]))) assert.ok(asked < 1_000_000)
  client.destroy()

  async function quiet(): Promise<undefined> {
    for (let before = -1; before !== asked; ) {
      before = asked
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  }
})
