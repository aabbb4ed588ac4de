import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  ContainerInspect,
  ContainerSummary,
  ImageInspect,
  ImageSummary,
  SystemInfo,
} from '../../src/engine/api.ts'
import { containerInspectFor, containerSummaryFor } from '../../src/engine/http/versions/containers.ts'
import { createRequestOf } from '../../src/engine/http/versions/create-request.ts'
import { imageInspectFor, imageSummaryFor } from '../../src/engine/http/versions/images.ts'
import { infoFor } from '../../src/engine/http/versions/info.ts'

/** Which of `names` an object has. */
const has = (object: object, ...names: string[]) => names.filter(name => name in object)

const Descriptor = { mediaType: 'm', digest: 'sha256:2', size: 3 }

test('a list of images has what there was in the version that is asked for', () => {
  const image = { Id: 'sha256:1', Size: 5, RepoTags: [], RepoDigests: [], Containers: 2, Descriptor }
  const at = (minor: number) => imageSummaryFor(minor, image as Partial<ImageSummary> as ImageSummary) as ImageSummary
  assert.deepEqual(has(at(43), 'VirtualSize', 'Descriptor'), ['VirtualSize'])
  assert.deepEqual(has(at(47), 'VirtualSize', 'Descriptor'), [])
  assert.deepEqual(at(48).Descriptor, Descriptor)
  assert.deepEqual([at(50).Containers, at(51).Containers], [-1, 2])
  assert.deepEqual([at(42).RepoTags, at(43).RepoTags], [['<none>:<none>'], []])
})

test('inspect of an image loses what only containers have, and gains its descriptor', () => {
  const Config = { Hostname: '', Tty: false, Image: '', Env: ['A=b'], Cmd: null }
  const image = { Id: 'sha256:1', Size: 5, Config, Descriptor } as object as ImageInspect
  const at = (minor: number) => imageInspectFor(minor, image) as ImageInspect
  assert.deepEqual(has(at(44), 'ContainerConfig', 'Descriptor'), ['ContainerConfig'])
  assert.deepEqual(has(at(48), 'ContainerConfig', 'Descriptor'), ['Descriptor'])
  assert.deepEqual(Object.keys(at(49).Config), Object.keys(Config))
  assert.deepEqual(at(50).Config, { Env: ['A=b'], Cmd: null })
})

test('containers had their short id among their aliases, and no annotations in lists', () => {
  const endpoint = { Aliases: ['db'] }
  const container = {
    Id: 'abcdef0123456789',
    Config: { Hostname: 'host' },
    ImageManifestDescriptor: Descriptor,
    NetworkSettings: { Networks: { app: endpoint, bridge: endpoint } },
  } as object as ContainerInspect
  const aliases = (minor: number) => {
    const { NetworkSettings } = containerInspectFor(minor, container) as ContainerInspect
    return Object.values(NetworkSettings.Networks).map(({ Aliases }) => Aliases)
  }
  assert.deepEqual(aliases(44), [['db', 'abcdef012345', 'host'], ['db']])
  assert.deepEqual(aliases(45), [['db'], ['db']])
  const listed = { ImageManifestDescriptor: Descriptor, HostConfig: { NetworkMode: 'x', Annotations: { a: 'b' } } }
  const at = (minor: number) => containerSummaryFor(minor, listed as object as ContainerSummary) as ContainerSummary
  assert.deepEqual([at(45).HostConfig, at(46).HostConfig], [{ NetworkMode: 'x' }, listed.HostConfig])
  assert.deepEqual([at(47).ImageManifestDescriptor, at(48).ImageManifestDescriptor], [undefined, Descriptor])
})

test('info tells of the firewall since 1.49, and of bridge-nf-call until then', () => {
  const info = { BridgeNfIptables: true, FirewallBackend: { Driver: 'nftables' }, RegistryConfig: {} }
  const at = (minor: number) => infoFor(minor, info as object as SystemInfo)
  assert.deepEqual(has(at(48), 'BridgeNfIptables', 'FirewallBackend'), ['BridgeNfIptables'])
  assert.deepEqual(has(at(50), 'BridgeNfIptables', 'FirewallBackend'), ['FirewallBackend'])
})

const hostConfigAt = (minor: number, HostConfig: object, cgroup: '1' | '2' = '1') =>
  createRequestOf(minor, { Image: 'a', HostConfig }, cgroup).HostConfig

test('what nobody says meant something else once', () => {
  assert.deepEqual(hostConfigAt(39, {}), { IpcMode: 'shareable', CgroupnsMode: 'host' })
  assert.deepEqual(hostConfigAt(40, {}), { CgroupnsMode: 'host' })
  assert.deepEqual(hostConfigAt(40, {}, '2'), {})
  assert.deepEqual(hostConfigAt(41, {}), {})
  assert.deepEqual(hostConfigAt(39, { IpcMode: 'private', CgroupnsMode: 'private' }), {
    IpcMode: 'private',
    CgroupnsMode: 'private',
  })
})

test('fields that a version does not know are not looked at', () => {
  assert.deepEqual(hostConfigAt(42, { Annotations: { a: 'b' } }), {})
  assert.deepEqual(hostConfigAt(43, { Annotations: { a: 'b' } }), { Annotations: { a: 'b' } })
  const endpointAt = (minor: number) =>
    createRequestOf(
      minor,
      { Image: 'a', NetworkingConfig: { EndpointsConfig: { n: { GwPriority: 1, MacAddress: '02:00:00:00:00:01' } } } },
      '1',
    ).NetworkingConfig?.EndpointsConfig?.n
  assert.deepEqual(endpointAt(43), {})
  assert.deepEqual(endpointAt(47), { MacAddress: '02:00:00:00:00:01' })
  assert.deepEqual(endpointAt(48), { GwPriority: 1, MacAddress: '02:00:00:00:00:01' })
  const mount = {
    Type: 'bind',
    Source: '/a',
    Target: '/b',
    BindOptions: { NonRecursive: true, CreateMountpoint: true },
  }
  const bind = (minor: number) => hostConfigAt(minor, { Mounts: [mount] })?.Mounts?.[0]?.BindOptions
  assert.deepEqual([bind(39), bind(41), bind(42)], [{}, { NonRecursive: true }, mount.BindOptions])
})

const mounts = (mount: object) => ({ HostConfig: { Mounts: [{ Target: '/x', ...mount }] } })
const two = { NetworkingConfig: { EndpointsConfig: { a: {}, b: {} } } }
for (const [minor, request, message] of [
  [47, mounts({ Type: 'image', Source: 'a' }), 'Mount type "Image" needs API v1.48 or newer'],
  [
    44,
    mounts({ Type: 'volume', Source: 'v', VolumeOptions: { Subpath: 's' } }),
    'VolumeOptions.Subpath needs API v1.45 or newer',
  ],
  [
    43,
    mounts({ Type: 'bind', Source: '/v', BindOptions: { ReadOnlyForceRecursive: true } }),
    'BindOptions.ReadOnlyForceRecursive needs API v1.44 or newer',
  ],
  [
    42,
    mounts({ Type: 'tmpfs', VolumeOptions: { NoCopy: true } }),
    'VolumeOptions must not be specified on mount type "tmpfs"',
  ],
  [43, two, 'Container cannot be created with multiple network endpoints: a, b'],
] as const)
  test(`1.${minor} is told: ${message}`, () => {
    assert.throws(() => createRequestOf(minor, { Image: 'a', ...request } as never, '1'), {
      code: 'ENGINE_REQUEST_INVALID',
      message,
    })
    assert.ok(createRequestOf(minor === 42 ? 41 : minor + 1, { Image: 'a', ...request } as never, '1'))
  })
