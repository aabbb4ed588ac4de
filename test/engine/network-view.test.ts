import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dnsNames, leaseKey, toEndpointSpec } from '../../src/engine/network/endpoints.ts'
import { toPortMap, toPortSpecs, toPortSummaries } from '../../src/engine/network/ports.ts'
import type { NetworkRecord } from '../../src/engine/network/record.ts'
import { hostResolvConf } from '../../src/engine/network/resolv-conf.ts'
import { parseExtraHost, renderHosts, translateExtraHosts } from '../../src/engine/translate/extra-hosts.ts'
import { parseNamespaceModes } from '../../src/engine/translate/namespace-modes.ts'

const code = 'ENGINE_REQUEST_INVALID'
const id = 'ab'.repeat(32)
const owner = { id, name: 'shop-web-1', config: { Hostname: 'web' } }
const network = { id: 'cd'.repeat(32), name: 'shop_default', driver: 'bridge' } as NetworkRecord
const compose = (number: string, oneoff = 'False') => ({
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': 'web',
  'com.docker.compose.container-number': number,
  'com.docker.compose.oneoff': oneoff,
})

test('an address is kept for a place in a project', () => {
  assert.equal(leaseKey('shop-web-1', compose('2')), 'shop/web/2')
  assert.equal(leaseKey('shop-web-run-1', compose('1', 'True')), 'shop-web-run-1')
  assert.equal(leaseKey('alone'), 'alone')
})

test('a container answers to its name, aliases, short id and hostname, but not on the default bridge', () => {
  assert.deepEqual(dnsNames(owner, network, ['web', 'shop']), ['shop-web-1', 'web', 'shop', 'abababababab'])
  assert.deepEqual(dnsNames(owner, { ...network, name: 'bridge' }, ['web']), [])
})

test('what an endpoint asks for', () => {
  const spec = toEndpointSpec(owner, network, {
    IPAMConfig: { IPv4Address: '10.1.0.5' },
    MacAddress: '02-42-AC-11-00-02',
    GwPriority: 3,
    DriverOpts: { 'com.docker.network.endpoint.ifname': 'lan0' },
  })
  assert.equal(spec.ipv4Address, '10.1.0.5')
  assert.equal(spec.macAddress, '02:42:ac:11:00:02')
  assert.equal(spec.gatewayPriority, 3)
  assert.equal(spec.interfaceName, 'lan0')
  assert.throws(() => toEndpointSpec(owner, network, { MacAddress: 'x' }), { code })
})

test('published ports: a fixed one, a range, one of the kernel, an address of its own', () => {
  assert.deepEqual(
    toPortSpecs(
      { '80/tcp': [{ HostPort: '8080' }, { HostIp: '127.0.0.1', HostPort: '9000-9002' }], '53/udp': [{}] },
      {},
      false,
    ),
    [
      { protocol: 'tcp', containerPort: 80, hostPort: { from: 8080, to: 8080 } },
      { protocol: 'tcp', containerPort: 80, hostIp: '127.0.0.1', hostPort: { from: 9000, to: 9002 } },
      { protocol: 'udp', containerPort: 53 },
    ],
  )
  for (const HostPort of ['x', '70000', '10-5']) {
    assert.throws(() => toPortSpecs({ '80/tcp': [{ HostPort }] }, {}, false), { code }, HostPort)
  }
  assert.throws(() => toPortSpecs({ '0/tcp': [] }, {}, false), { code })
})

test('with all ports published, those only exposed are, too', () =>
  assert.deepEqual(toPortSpecs({ '80/tcp': [{}] }, { '80/tcp': {}, '81/tcp': {} }, true), [
    { protocol: 'tcp', containerPort: 80 },
    { protocol: 'tcp', containerPort: 81 },
  ]))

const published = [{ protocol: 'tcp', containerPort: 80, hostIp: '0.0.0.0', hostPort: 8080 }] as const

test('inspect and list show published and exposed ports', () => {
  assert.deepEqual(toPortMap(published, { '80/tcp': {}, '81/tcp': {} }), {
    '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }],
    '81/tcp': null,
  })
  assert.deepEqual(toPortSummaries(published, { '80/tcp': {}, '81/tcp': {} }), [
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
    { PrivatePort: 81, Type: 'tcp' },
  ])
})

test('a port on the container’s own address has no number of the host', () => {
  const own = [{ protocol: 'tcp', containerPort: 80, hostIp: '::', hostPort: 0 }] as const
  assert.deepEqual(toPortMap(own, {}), { '80/tcp': [{ HostIp: '::', HostPort: '' }] })
  assert.deepEqual(toPortSummaries(own, { '80/tcp': {} }), [{ PrivatePort: 80, Type: 'tcp' }])
})

test('extra hosts are names with an address, or with that of the host', () => {
  assert.deepEqual(parseExtraHost('db:10.0.0.1'), { name: 'db', address: '10.0.0.1' })
  assert.deepEqual(parseExtraHost('db=[::1]'), { name: 'db', address: '::1' })
  assert.deepEqual(translateExtraHosts(['h:host-gateway'], '10.0.0.254'), [{ address: '10.0.0.254', names: ['h'] }])
  for (const text of ['db', 'db:', 'db:nowhere']) assert.throws(() => parseExtraHost(text), { code }, text)
  const hosts = renderHosts([{ address: '10.0.0.1', names: ['a.b', 'a'] }])
  assert.ok(hosts.startsWith('127.0.0.1\tlocalhost\n') && hosts.endsWith('\n10.0.0.1\ta.b a\n'), hosts)
})

test("the host's resolv.conf, with what the container says in the place of its own", () => {
  const host = '# x\nnameserver 1.1.1.1\nsearch lan\noptions ndots:2\n'
  assert.equal(hostResolvConf(host, { servers: [], search: [], options: [] }), host)
  assert.equal(
    hostResolvConf(host, { servers: ['9.9.9.9'], search: ['.'], options: ['timeout:1'] }),
    '# x\nnameserver 9.9.9.9\noptions timeout:1\n',
  )
})

test('whose namespaces a container gets', () => {
  assert.deepEqual(parseNamespaceModes({}), {
    pid: 'private',
    ipc: 'private',
    uts: 'private',
    cgroup: 'private',
    network: { network: 'bridge' },
  })
  const modes = parseNamespaceModes({
    PidMode: 'container:x',
    IpcMode: 'shareable',
    UTSMode: 'host',
    NetworkMode: 'lan',
  })
  assert.deepEqual(modes.pid, { container: 'x' })
  assert.equal(modes.ipc, 'shareable')
  assert.deepEqual(modes.network, { network: 'lan' })
  for (const host of [{ PidMode: 'mine' }, { UTSMode: 'container:x' }, { NetworkMode: 'container:' }]) {
    assert.throws(() => parseNamespaceModes(host), { code }, JSON.stringify(host))
  }
})
