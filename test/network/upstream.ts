import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import dnsPacket from 'dns-packet'
import { Frames, framed } from '../../src/network/dns/forward.ts'
import { sh } from './machine.ts'

/** A server on the host that knows `example.com`, and remembers what it was asked. */
export async function upstream(place: string | { fd: number }, rcode: 'NOERROR' | 'SERVFAIL' = 'NOERROR') {
  const asked: string[] = []
  const address = typeof place === 'string' ? place : '192.0.2.200'
  if (!address.startsWith('127.')) sh(`ip address replace ${address}/32 dev lo`)
  const respond = (bytes: Buffer, transport: string) => {
    const query = dnsPacket.decode(bytes)
    const [question] = query.questions ?? []
    asked.push(`${transport} ${question?.type} ${question?.name}`)
    const isBig = question?.name.startsWith('big.')
    const count = isBig && transport === 'tcp' ? 60 : 1
    const answers = Array.from({ length: count }, (_, index) => ({
      name: question?.name ?? '',
      type: 'A' as const,
      ttl: 60,
      data: `203.0.113.${index + 1}`,
    }))
    const flags = (isBig && transport === 'udp' ? dnsPacket.TRUNCATED_RESPONSE : 0) | (rcode === 'SERVFAIL' ? 2 : 0)
    return dnsPacket.encode({
      type: 'response',
      id: query.id ?? 0,
      flags,
      questions: query.questions ?? [],
      answers: rcode === 'NOERROR' && question?.type === 'A' ? answers : [],
    })
  }
  const udp = createSocket('udp4', (bytes, { port, address }) => udp.send(respond(bytes, 'udp'), port, address))
  const listening = once(udp, 'listening') // with a descriptor it is told at once
  if (typeof place === 'string') udp.bind(53, place)
  else udp.bind(place)
  const tcp = createServer(socket => {
    const frames = new Frames()
    socket.on('data', chunk => {
      for (const frame of frames.push(chunk as Buffer)) socket.write(framed(respond(frame, 'tcp')))
    })
  })
  await listening
  tcp.listen(53, address)
  await once(tcp, 'listening')
  return {
    asked,
    async [Symbol.asyncDispose]() {
      await Promise.all([udp[Symbol.asyncDispose](), tcp[Symbol.asyncDispose]()])
    },
  }
}
