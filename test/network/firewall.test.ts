import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { firewalldTable } from '../../src/network/firewall/firewalld.ts'
import { acceptRules, chainsToOpen, deleteRules, isShut, rulesOf } from '../../src/network/firewall/foreign-chains.ts'
import { legacyChainToOpen, ownLegacyRule } from '../../src/network/firewall/legacy.ts'
import {
  type FirewallNetwork,
  networkElements,
  type PortRule,
  portElements,
  replaceTable,
} from '../../src/network/firewall/ruleset.ts'

const usual = { leaves: 'host', entered: 'published' } as const
const front: FirewallNetwork = {
  bridge: 'tsc1f2e-aaaaaaa',
  internal: false,
  icc: true,
  closed: [],
  subnets: [{ subnet: '172.18.0.0/16', ...usual }],
}
const back: FirewallNetwork = {
  bridge: 'tsc1f2e-bbbbbbb',
  internal: true,
  icc: true,
  closed: [],
  subnets: ['172.19.0.0/16', 'fd01::/64'].map(subnet => ({ subnet, ...usual })),
}
const ports: PortRule[] = [
  { protocol: 'tcp', hostPort: 8080, address: '172.18.0.2', port: 80 },
  { protocol: 'udp', hostPort: 53, address: '172.18.0.3', port: 5353 },
  { protocol: 'tcp', hostIp: '127.0.0.1', hostPort: 5432, address: '172.18.0.4', port: 5432 },
]

test('the table of two networks and three ports', () => {
  const golden = new URL('firewall.golden.nft', import.meta.url)
  const actual = replaceTable('tscompose_1f2e3d4c', [front, back], ports)
  if (process.env.UPDATE_GOLDEN) writeFileSync(golden, actual)
  assert.equal(actual, readFileSync(golden, 'utf8'))
})

test('a network is added and deleted by its elements alone', () => {
  const added = networkElements('add', 't', front)
  assert.equal(
    added,
    `add element inet t bridges { "tsc1f2e-aaaaaaa" }
add element inet t same { "tsc1f2e-aaaaaaa" . "tsc1f2e-aaaaaaa" }
add element inet t local4 { "tsc1f2e-aaaaaaa" . 172.18.0.0/16 }
add element inet t outbound4 { 172.18.0.0/16 }
`,
  )
  assert.equal(networkElements('delete', 't', front), added.replaceAll('add', 'delete'))
})

test('an internal network has no way out', () => {
  const text = networkElements('add', 't', back)
  assert.match(text, /internal \{ "tsc1f2e-bbbbbbb" \}/)
  assert.doesNotMatch(text, /outbound/)
})

const with4 = (way: Partial<FirewallNetwork['subnets'][number]>, more: Partial<FirewallNetwork> = {}) => {
  const network = { ...front, ...more, subnets: [{ subnet: '172.18.0.0/16', ...usual, ...way }] }
  return networkElements('add', 't', network)
}

test('packets keep their address, or get one of the host', () => {
  assert.doesNotMatch(with4({ leaves: 'itself' }), /outbound|leaves/)
  assert.match(with4({ leaves: '198.51.100.7' }), /leaves4 \{ 172\.18\.0\.0\/16 : 198\.51\.100\.7 \}/)
})

test('a subnet may be entered by a route, an internal one never', () => {
  assert.match(with4({ entered: 'routed' }), /routed4 \{ 172\.18\.0\.0\/16 \}/)
  assert.match(with4({ entered: 'nat-unprotected' }), /open4 \{ 172\.18\.0\.0\/16 \}/)
  assert.doesNotMatch(with4({ entered: 'nat-unprotected' }, { internal: true }), /open4/)
})

test('containers that are not to reach each other do not do so by the host either', () =>
  assert.doesNotMatch(with4({}, { icc: false }), / same /))

test('between devices of the host nothing is forwarded that was not, whatever network goes', () => {
  const network = { ...front, closed: ['eth0', 'eth1'] }
  assert.match(networkElements('add', 't', network), /closed \{ "eth0" \. "eth1", "eth1" \. "eth0" \}/)
  assert.doesNotMatch(networkElements('delete', 't', network), /closed/)
})

test('ports on a container’s own address are open to all who have a route, or to those of one device', () =>
  assert.equal(
    portElements('add', 't', [
      { protocol: 'tcp', address: '172.18.0.2', port: 80 },
      { protocol: 'udp', address: 'fd01::2', port: 53, from: 'eth0' },
    ]),
    `add element inet t direct4 { 172.18.0.2 . tcp . 80 }
add element inet t trusted6 { "eth0" . fd01::2 . udp . 53 }
`,
  ))

test('ports are added with where they lead, and deleted by their number', () => {
  assert.equal(
    portElements('add', 't', ports),
    `add element inet t published { tcp . 8080 : 172.18.0.2 . 80, udp . 53 : 172.18.0.3 . 5353 }
add element inet t published_at { 127.0.0.1 . tcp . 5432 : 172.18.0.4 . 5432 }
`,
  )
  assert.equal(
    portElements('delete', 't', ports),
    `delete element inet t published { tcp . 8080, udp . 53 }
delete element inet t published_at { 127.0.0.1 . tcp . 5432 }
`,
  )
  assert.equal(portElements('add', 't', []), '')
})

const chain = (table: string, name: string, policy?: string, hook?: string) => ({
  chain: { family: 'ip', table, name, ...(hook && { hook, policy }) },
})

test('chains of others that drop what is forwarded are opened, Docker’s where Docker means us to', () => {
  assert.deepEqual(
    chainsToOpen(
      [
        { metainfo: {} },
        chain('filter', 'FORWARD', 'drop', 'forward'),
        chain('filter', 'DOCKER-USER'),
        chain('mine', 'fwd', 'drop', 'forward'),
        chain('open', 'fwd', 'accept', 'forward'),
        chain('other', 'INPUT', 'drop', 'input'),
        chain('tscompose_00000000', 'forward', 'drop', 'forward'),
      ],
      'tscompose_',
    ),
    [
      { family: 'ip', table: 'filter', name: 'DOCKER-USER', ways: ['iifname', 'oifname'] },
      { family: 'ip', table: 'mine', name: 'fwd', ways: ['iifname', 'oifname'] },
      {
        family: 'ip',
        table: 'open',
        name: 'fwd',
        ways: ['iifname', 'oifname'],
        ifShutBy: { family: 'ip', table: 'open', name: 'fwd' },
      },
    ],
  )
})

test('a chain is shut by a last rule that takes everything, and by no other', () => {
  const rules = (...all: object[][]) => [{ metainfo: {} }, ...all.map(expr => ({ rule: { expr } }))]
  const [counter, reject] = [{ counter: { packets: 0 } }, { xt: { type: 'target', name: 'REJECT' } }]
  const match = { match: { op: '==' } }
  assert.ok(isShut(rules([match, { accept: null }], [counter, reject])))
  assert.ok(isShut(rules([{ drop: null }])))
  assert.ok(isShut(rules([{ log: { prefix: 'no' } }, { reject: null }])))
  assert.ok(!isShut(rules([match, { drop: null }])))
  assert.ok(!isShut(rules([reject], [{ accept: null }])))
  assert.ok(!isShut(rules()))
})

test('firewalld rejects with rules instead of a policy, also what goes to the host', () => {
  const chains = [
    { chain: { family: 'inet', table: 'firewalld', name: 'filter_FORWARD', hook: 'forward', policy: 'accept' } },
    { chain: { family: 'inet', table: 'firewalld', name: 'filter_INPUT', hook: 'input', policy: 'accept' } },
    { chain: { family: 'inet', table: 'firewalld', name: 'nat_PREROUTING', hook: 'prerouting', policy: 'accept' } },
  ]
  assert.deepEqual(chainsToOpen(chains, 'tscompose_'), [
    { family: 'inet', table: 'firewalld', name: 'filter_FORWARD', ways: ['iifname', 'oifname'] },
    { family: 'inet', table: 'firewalld', name: 'filter_INPUT', ways: ['iifname'] },
  ])
})

test('a firewalld that was restarted is told by the number of its table', () => {
  const tables = (handle: number) => [{ metainfo: {} }, { table: { family: 'inet', name: 'firewalld', handle } }]
  assert.equal(firewalldTable(tables(7)), 7)
  assert.notEqual(firewalldTable(tables(9)), firewalldTable(tables(7)))
  assert.equal(firewalldTable([{ table: { family: 'ip', name: 'filter', handle: 1 } }]), undefined)
})

test('of the older filter too only chains that drop are opened, and only our rules found again', () => {
  const rules = ['-P INPUT DROP', '-P FORWARD DROP', '-N DOCKER-USER', '-A FORWARD -j DOCKER-USER']
  assert.equal(legacyChainToOpen(rules), 'DOCKER-USER')
  assert.equal(legacyChainToOpen(['-P FORWARD DROP']), 'FORWARD')
  assert.equal(legacyChainToOpen(['-P FORWARD ACCEPT', '-P INPUT DROP']), undefined)
  const reject = '-A FORWARD -j REJECT --reject-with icmp-host-prohibited'
  assert.equal(legacyChainToOpen(['-P FORWARD ACCEPT', reject]), 'FORWARD')
  assert.equal(legacyChainToOpen(['-P FORWARD ACCEPT', reject, '-A FORWARD -i eth0 -j DROP']), undefined)
  const isOurs = (comment: string) => comment.startsWith('tscompose:1:')
  const rule = '-A FORWARD -i tsc1+ -m comment --comment "tscompose:1:tsc1*" -j ACCEPT'
  assert.deepEqual(ownLegacyRule(rule, isOurs)?.join(' '), rule.slice(3).replaceAll('"', ''))
  assert.equal(ownLegacyRule(rule.replace(':1:', ':2:'), isOurs), undefined)
  assert.equal(ownLegacyRule('-A FORWARD -j ACCEPT', isOurs), undefined)
})

test('a device is let through both ways', () =>
  assert.equal(
    acceptRules(
      { family: 'ip', table: 'filter', name: 'FORWARD', ways: ['iifname', 'oifname'] },
      'tsc1f2e*',
      'tscompose:1f2e3d4c:tsc1f2e*',
    ),
    `insert rule ip filter FORWARD iifname "tsc1f2e*" accept comment "tscompose:1f2e3d4c:tsc1f2e*"
insert rule ip filter FORWARD oifname "tsc1f2e*" accept comment "tscompose:1f2e3d4c:tsc1f2e*"
`,
  ))

test('of the rules of a chain only ours are deleted', () => {
  const rule = (handle: number, comment?: string) => ({
    rule: { family: 'ip', table: 'filter', chain: 'FORWARD', handle, ...(comment && { comment }) },
  })
  const listing = [
    rule(1),
    rule(2, 'tscompose:1f2e3d4c:x'),
    rule(3, 'tscompose:other'),
    rule(4, 'tscompose:1f2e3d4c:y'),
  ]
  assert.equal(
    deleteRules(rulesOf(listing, comment => comment.startsWith('tscompose:1f2e3d4c:'))),
    'delete rule ip filter FORWARD handle 2\ndelete rule ip filter FORWARD handle 4\n',
  )
})
