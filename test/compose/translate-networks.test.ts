import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Project } from '../../src/compose/project.ts'
import { networkRequest, volumeRequest } from '../../src/compose/translate/resources.ts'
import { network, project } from './projects.ts'

import { request } from './translated.ts'

describe('networks', () => {
  const networks = (keys: readonly string[]): Project['networks'] =>
    Object.fromEntries(
      keys.map(key => [
        key,
        { key, name: `demo_${key}`, external: false, driverOpts: {}, internal: false, attachable: false, labels: {} },
      ]),
    )

  test('a container is known by its own name, its service’s, and its aliases, once each', () => {
    const { NetworkingConfig } = request({ networks: { default: network({ aliases: ['web', 'www'] }) } })
    assert.deepEqual(NetworkingConfig?.EndpointsConfig, { demo_default: { Aliases: ['demo-web-1', 'web', 'www'] } })
  })
  test('the network with the highest priority comes first, and has the service’s address', () => {
    const { HostConfig, NetworkingConfig } = request(
      {
        macAddress: '02:00:00:00:00:01',
        networks: {
          a: network(),
          b: network({ priority: 5, gwPriority: 1, ipv4Address: '10.0.0.2', interfaceName: 'wan0' }),
        },
      },
      {},
      { networks: networks(['a', 'b']) },
    )
    assert.equal(HostConfig?.NetworkMode, 'demo_b')
    assert.deepEqual(Object.entries(NetworkingConfig?.EndpointsConfig ?? {}), [
      [
        'demo_b',
        {
          Aliases: ['demo-web-1', 'web'],
          IPAMConfig: { IPv4Address: '10.0.0.2' },
          MacAddress: '02:00:00:00:00:01',
          DriverOpts: { 'com.docker.network.endpoint.ifname': 'wan0' },
          GwPriority: 1,
        },
      ],
      ['demo_a', { Aliases: ['demo-web-1', 'web'] }],
    ])
  })
  test('a link with a name of its own is told; one without says what DNS says anyway', () => {
    const { NetworkingConfig } = request({ links: ['db', 'db:database'] })
    assert.deepEqual(NetworkingConfig?.EndpointsConfig?.demo_default?.Links, ['demo-db-1:database'])
  })
  test('a network becomes a request', () => {
    const it = project([], {})
    const request = networkRequest(it, {
      ...(it.networks.default as Project['networks'][string]),
      internal: true,
      enableIPv6: true,
      driverOpts: { a: 'b' },
      ipam: { config: [{ subnet: '10.0.0.0/24', gateway: '10.0.0.1' }], options: {} },
    })
    assert.partialDeepStrictEqual(request, {
      Name: 'demo_default',
      Driver: 'bridge',
      Internal: true,
      EnableIPv6: true,
      Options: { a: 'b' },
      IPAM: { Driver: 'default', Config: [{ Subnet: '10.0.0.0/24', Gateway: '10.0.0.1' }] },
    })
    assert.equal(request.Labels?.['com.docker.compose.network'], 'default')
  })
  test('a volume becomes a request', () => {
    const volume = {
      key: 'data',
      name: 'demo_data',
      external: false,
      driverOpts: { type: 'tmpfs' },
      labels: { a: 'b' },
    }
    const request = volumeRequest(project([]), volume)
    assert.partialDeepStrictEqual(request, { Name: 'demo_data', Driver: 'local', DriverOpts: { type: 'tmpfs' } })
    assert.partialDeepStrictEqual(request.Labels, { a: 'b', 'com.docker.compose.volume': 'data' })
  })
})
