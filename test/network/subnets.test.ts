import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatSubnet, parseSubnet } from '../../src/network/addresses/address.ts'
import {
  chooseSubnet,
  decideSubnets,
  defaultPools,
  type Occupied,
  uniqueLocalSubnet,
} from '../../src/network/addresses/subnets.ts'
import type { SubnetSpec } from '../../src/network/network.ts'

const occupied = (subnet: string, by: string, exclusive = true): Occupied => ({
  subnet: parseSubnet(subnet),
  by,
  exclusive,
})
const chosen = (...others: Occupied[]) => formatSubnet(chooseSubnet(defaultPools, 4, others))

test('the first network gets the first subnet of the pools', () => assert.equal(chosen(), '172.17.0.0/16'))

test('a network keeps off addresses, routes and resolvers of the host', () => {
  assert.equal(
    chosen(
      occupied('172.17.0.0/16', 'interface docker0'),
      occupied('172.18.4.0/24', 'a route by tun0', false),
      occupied('172.19.0.53/32', 'the resolver 172.19.0.53', false),
    ),
    '172.20.0.0/16',
  )
})

test('after the sixteen-bit pools come slices of 192.168.0.0/16', () => {
  assert.equal(chosen(occupied('172.16.0.0/12', 'a route by tun0', false)), '192.168.0.0/20')
  assert.equal(
    chosen(occupied('172.16.0.0/12', 'a route by tun0', false), occupied('192.168.1.0/24', 'interface eth0')),
    '192.168.16.0/20',
  )
})

test('there is room for more networks than Docker has by default', () =>
  assert.equal(
    chosen(
      occupied('172.16.0.0/24', 'x'),
      occupied('172.17.0.0/16', 'x'),
      occupied('172.18.0.0/15', 'x'),
      occupied('172.20.0.0/14', 'x'),
      occupied('172.24.0.0/13', 'x'),
      occupied('192.168.0.0/16', 'x'),
    ),
    '172.16.1.0/24',
  ))

test('when the pools are exhausted, the error names what is in the way', () =>
  assert.throws(
    () =>
      chooseSubnet([{ base: '10.9.0.0/23', size: 24 }], 4, [
        occupied('10.9.0.0/24', 'network shop_default'),
        occupied('10.9.1.0/24', 'interface eth0'),
      ]),
    { code: 'NETWORK_POOL_EXHAUSTED', message: /network shop_default, interface eth0/ },
  ))

test('of many that are in the way it names some, and none that is elsewhere', () => {
  const others = Array.from({ length: 8 }, (_, i) => occupied(`10.9.${i}.0/24`, `network n${i}`))
  assert.throws(
    () => chooseSubnet([{ base: '10.9.0.0/21', size: 24 }], 4, [occupied('10.8.0.0/24', 'elsewhere'), ...others]),
    { message: /one of network n0, network n1, network n2, network n3, network n4 and 3 more$/ },
  )
})

test('configured pools are cut into subnets of their size', () => {
  const pools = [{ base: '10.9.0.0/22', size: 24 }]
  assert.equal(formatSubnet(chooseSubnet(pools, 4, [occupied('10.9.0.0/23', 'x')])), '10.9.2.0/24')
  assert.throws(() => chooseSubnet([{ base: '10.9.0.0/24', size: 16 }], 4, []), { code: 'NETWORK_SUBNET_INVALID' })
})

const id = 'ab'.repeat(32)
const decide = (subnets: SubnetSpec[], others: Occupied[] = [], enableIPv6 = false) =>
  decideSubnets({ id, name: 'shop_default', enableIPv4: true, enableIPv6, subnets }, defaultPools, others)

test('the gateway is the first address unless it is named', () => {
  assert.equal(decide([])[0]?.gateway, '172.17.0.1')
  assert.equal(decide([{ subnet: '10.5.0.0/24' }])[0]?.gateway, '10.5.0.1')
  assert.equal(decide([{ subnet: '10.5.0.0/24', gateway: '10.5.0.254' }])[0]?.gateway, '10.5.0.254')
  assert.equal(decide([{ subnet: '10.5.0.0/16', ipRange: '10.5.7.0/24' }])[0]?.gateway, '10.5.7.0')
})

test('a subnet that is named may lie within a route, but not on an interface or another network', () => {
  const route = occupied('10.0.0.0/8', 'a route by tun0', false)
  assert.equal(decide([{ subnet: '10.5.0.0/24' }], [route])[0]?.subnet, '10.5.0.0/24')
  assert.throws(() => decide([{ subnet: '10.5.0.0/24' }], [occupied('10.5.0.0/16', 'network shop_back')]), {
    code: 'NETWORK_SUBNET_OVERLAPS',
    message: /^Pool overlaps with other one on this address space: .*10\.5\.0\.0\/16 of network shop_back/,
  })
})

for (const [what, subnet] of Object.entries<SubnetSpec>({
  'a gateway': { subnet: '10.5.0.0/24', gateway: '10.6.0.1' },
  'a range': { subnet: '10.5.0.0/24', ipRange: '10.6.0.0/25' },
  'a range wider than the subnet': { subnet: '10.5.0.0/24', ipRange: '10.5.0.0/16' },
  'a reserved address': { subnet: '10.5.0.0/24', auxAddresses: { printer: '10.6.0.9' } },
}))
  test(`${what} that is not in the subnet is refused`, () =>
    assert.throws(() => decide([subnet]), { code: 'NETWORK_SUBNET_INVALID' }))

test('IPv6 gets a unique local prefix of the network', () => {
  const [, ipv6] = decide([], [], true)
  assert.equal(ipv6?.subnet, formatSubnet(uniqueLocalSubnet(id)))
  assert.match(ipv6?.subnet ?? '', /^fd[0-9a-f]{2}:.*::\/64$/)
  assert.notEqual(formatSubnet(uniqueLocalSubnet('cd'.repeat(32))), ipv6?.subnet)
})

test('an IPv6 subnet is left aside where IPv6 is off', () =>
  assert.deepEqual(
    decide([{ subnet: 'fd01::/64' }]).map(({ subnet }) => subnet),
    ['172.17.0.0/16'],
  ))
