import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { skip } from '../network/own-host.ts' // first: the engine takes that network namespace for the host
import { newMachine } from './machine.ts'

const sh = (script: string): string => execFileSync('sh', ['-ec', script], { encoding: 'utf8' })

/** A host with an uplink, a second device, rules of its own, and a foreign chain that drops what is forwarded. */
const host = `
  ip link set lo up
  sysctl -q -w net.ipv4.ip_forward=0
  ip link add uplink type veth peer name other
  ip link set uplink addrgenmode none
  ip link set other addrgenmode none
  ip address add 192.0.2.7/24 dev uplink
  ip address add 198.51.100.7/24 dev other
  ip link set uplink up
  ip link set other up
  ip route add default via 192.0.2.1
  nft add table inet own
  nft 'add chain inet own in { type filter hook input priority 0; }'
  nft add rule inet own in tcp dport 4711 drop
  iptables-nft -N DOCKER-USER
  iptables-nft -A DOCKER-USER -j RETURN
  iptables-nft -P FORWARD DROP
  iptables-nft -A FORWARD -j DOCKER-USER
`

/** Whatever of a host networks could change; the number of connections is nobody's setting. */
const state = (): string[] =>
  sh(`
    nft -a list ruleset
    iptables-nft-save | grep -v '^[#:]'
    sysctl -a -r ^net | grep -v -e nf_conntrack_count
    ip -d link; ip address; ip route show table all; ip -6 route show table all; ip rule; ip -6 rule
  `).split('\n')

/** Says what differs rather than everything. */
function same(after: readonly string[], before: readonly string[]): void {
  const without = (lines: readonly string[], others: readonly string[]) => lines.filter(line => !others.includes(line))
  assert.deepEqual({ more: without(after, before), gone: without(before, after) }, { more: [], gone: [] })
  assert.equal(after.join('\n'), before.join('\n'))
}

const yaml = `
services:
  web:
    image: rootfs:/
    command: [sleep, '1000']
    ports: ['8080:80', '8081:81/udp', '127.0.0.1:8082:82', '[::1]:8083:83', '192.0.2.7:8084:84']
    networks: [default, six, inner]
networks:
  six: {enable_ipv6: true}
  inner: {internal: true}
`

test('after down firewall, settings and devices of the host are what they were before, to the byte', {
  skip,
}, async t => {
  sh(host)
  const machine = await newMachine(t)
  const cwd = await machine.project('harmless', { 'compose.yaml': yaml })
  const before = state()
  machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  await machine.ok(['up', '-d'], { cwd })
  assert.match(sh('nft list ruleset; sysctl net.ipv4.ip_forward'), /8081 .*ip_forward = 1/s)
  await machine.ok(['down', '-t', '0'], { cwd })
  same(state(), before)
  await machine.ok(['engine', 'stop'])
  same(state(), before)
})
