import './own-host.ts'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Machine, skip } from './machine.ts'

/** How often TCP of the host had to send something again (RFC 1213, proc_net(5)). */
function retransmitted(): number {
  const [names = '', values = ''] = readFileSync('/proc/thread-self/net/snmp', 'utf8')
    .split('\n')
    .filter(line => line.startsWith('Tcp:'))
  return Number(values.split(' ')[names.split(' ').indexOf('RetransSegs')])
}

/** Nobody listens, so the answer is a refusal; what counts is that it comes to the first packet. */
const contact = (address: string) =>
  new Promise(resolve => connect(80, address).on('error', resolve).on('connect', resolve))

test('fresh containers that are contacted at once hear the first packet, by IPv4 and by IPv6', { skip }, async () => {
  await using machine = await Machine.start()
  const net = await machine.network('shop', { enableIPv6: true })
  const before = retransmitted()
  for (let i = 0; i < 60; i++) {
    const { containerId, endpoints } = await machine.sandbox('web', [net])
    const [{ ipv4Address = '', ipv6Address = '' } = {}] = endpoints
    await Promise.all([ipv6Address, ipv4Address].map(contact))
    await machine.networks.removeSandbox(containerId)
  }
  assert.equal(retransmitted(), before)
})
