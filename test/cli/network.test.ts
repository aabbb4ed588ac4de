import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ipamOf } from '../../src/cli/commands/network/create.ts'
import { filtersOf, keyValues } from '../../src/cli/key-values.ts'

const ipam = (flags: Omit<Parameters<typeof ipamOf>[0], 'ipamDriver'>) => ipamOf({ ipamDriver: 'default', ...flags })

test('ranges, gateways and reserved addresses go to the subnet in which they lie', () => {
  const { Config } = ipam({
    subnet: ['10.1.0.0/24', 'fd00:1::/64'],
    gateway: ['fd00:1::9', '10.1.0.9'],
    ipRange: ['10.1.0.128/25'],
    auxAddress: ['router=10.1.0.2', 'other=10.1.0.3'],
  })
  assert.deepEqual(Config, [
    {
      Subnet: '10.1.0.0/24',
      IPRange: '10.1.0.128/25',
      Gateway: '10.1.0.9',
      AuxiliaryAddresses: { router: '10.1.0.2', other: '10.1.0.3' },
    },
    { Subnet: 'fd00:1::/64', Gateway: 'fd00:1::9' },
  ])
  assert.throws(() => ipam({ subnet: ['10.1.0.0/24'], gateway: ['10.2.0.1'] }), {
    message: 'no matching subnet for gateway 10.2.0.1',
  })
  assert.throws(() => ipam({ gateway: ['10.2.0.1'] }), { code: 'CLI_FLAG' })
  assert.throws(() => ipam({ subnet: ['10.1.0.0/24', '10.1.0.0/16'] }), { message: /^multiple overlapping subnet/ })
  const subnet = ['10.1.0.0/24', '10.2.0.0/24']
  assert.throws(() => ipam({ subnet, gateway: ['10.1.0.1', '10.1.0.2'] }), {
    message: 'cannot configure multiple gateways (10.1.0.2, 10.1.0.1) on the same subnet (10.1.0.0/24)',
  })
})

test('filters of one name are gathered, and a value may have an equals sign', () => {
  assert.deepEqual(filtersOf(['label=a=b', 'label=c', 'driver=bridge']), { label: ['a=b', 'c'], driver: ['bridge'] })
  assert.throws(() => filtersOf(['label']), { code: 'CLI_FLAG', message: /expected name=value/ })
})

test('a key without a value has the empty one', () => assert.deepEqual(keyValues(['a=b=c', 'd']), { a: 'b=c', d: '' }))
