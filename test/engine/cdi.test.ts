import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { DeviceRequest } from '../../src/engine/api.ts'
import { injectDevices } from '../../src/engine/cdi/inject.ts'
import { isQualifiedName } from '../../src/engine/cdi/name.ts'

const root = { uid: 0, gid: 0 }
const cdi = (...DeviceIDs: string[]): DeviceRequest => ({ Driver: 'cdi', DeviceIDs })

/** Directories of specifications, of which a later one goes before an earlier one. */
function directories(t: TestContext, ...contents: Readonly<Record<string, unknown>>[]): string[] {
  return contents.map(files => {
    const directory = mkdtempSync('/tmp/tscompose-cdi-')
    t.after(() => rmSync(directory, { recursive: true }))
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(directory, name), typeof content === 'string' ? content : JSON.stringify(content))
    return directory
  })
}
const specOf = (kind: string, devices: object[], more: object = {}) => ({ cdiVersion: '0.6.0', kind, devices, ...more })
const env = (text: string) => ({ containerEdits: { env: [text] } })
const gpus = (kind: string, ...names: string[]) =>
  specOf(
    kind,
    names.map(name => ({ name, ...env(`GPU_${name}=1`) })),
  )

test('a device brings its own edits, and once what all of its specification have in common', async t => {
  const dirs = directories(t, {
    'v.json': specOf(
      'vendor.com/net',
      [
        { name: 'a', ...env('A=1') },
        { name: 'b', ...env('B=1') },
        { name: 'c', ...env('C=1') },
      ],
      env('ALL=1'),
    ),
  })
  const request = cdi('vendor.com/net=a', 'vendor.com/net=b')
  const { env: given } = await injectDevices({ DeviceRequests: [request] }, dirs, root)
  assert.deepEqual(given, ['ALL=1', 'A=1', 'B=1'])
})

test('what a node does not say is that of the host, and its owner is the user of the container', async t => {
  const deviceNodes = [
    { path: '/dev/own', hostPath: '/dev/null', permissions: 'r' },
    { path: '/dev/zero', type: 'c', major: 1, minor: 7, fileMode: 0o600, uid: 3, gid: 4, permissions: 'none' },
  ]
  const spec = specOf('vendor.com/x', [{ name: 'd', containerEdits: { deviceNodes, additionalGids: [0, 44] } }])
  const dirs = directories(t, { 'v.json': spec })
  const injected = await injectDevices({ DeviceRequests: [cdi('vendor.com/x=d')] }, dirs, { uid: 7, gid: 8 })
  assert.deepEqual(injected.devices, [
    { path: '/dev/own', type: 'c', major: 1, minor: 3, fileMode: 0o666, uid: 7, gid: 8, access: 'r' },
    { path: '/dev/zero', type: 'c', major: 1, minor: 7, fileMode: 0o600, uid: 3, gid: 4, access: '' },
  ])
  assert.deepEqual(injected.additionalGids, [44])
})

test('mounts are binds with their options, or a tmpfs', async t => {
  const mounts = [
    { hostPath: '/etc', containerPath: '/x', options: ['ro', 'nosuid', 'nodev', 'rbind', 'rslave'] },
    { hostPath: '/etc/passwd', containerPath: '/y', options: ['bind'] },
    { hostPath: 'tmpfs', containerPath: '/z', type: 'tmpfs', options: ['ro', 'size=1m'] },
  ]
  const dirs = directories(t, { 'v.json': specOf('v.com/x', [{ name: 'd', containerEdits: { mounts } }]) })
  const injected = await injectDevices({ DeviceRequests: [cdi('v.com/x=d')] }, dirs, root)
  assert.deepEqual(injected.mounts, [
    {
      type: 'bind',
      source: '/etc',
      destination: '/x',
      readonly: true,
      recursive: true,
      attributes: ['nosuid', 'nodev'],
      propagation: 'rslave',
    },
    { type: 'bind', source: '/etc/passwd', destination: '/y', readonly: false, recursive: false, attributes: [] },
    { type: 'tmpfs', destination: '/z', readonly: true, options: ['size=1m'] },
  ])
})

test('a later directory goes before an earlier one; YAML is read, too', async t => {
  const yaml = 'cdiVersion: "0.5.0"\nkind: v.com/x\ndevices:\n- name: "0"\n  containerEdits:\n    env: [FROM=yaml]\n'
  const dirs = directories(t, { 'v.json': specOf('v.com/x', [{ name: '0', ...env('FROM=json') }]) }, { 'v.yaml': yaml })
  const of = async (dirs: string[]) => (await injectDevices({ DeviceRequests: [cdi('v.com/x=0')] }, dirs, root)).env
  assert.deepEqual(await of(dirs), ['FROM=yaml'])
  assert.deepEqual(await of(dirs.toReversed()), ['FROM=json'])
})

test('graphics processors are found by the specification of their vendor', async t => {
  const [nvidia = '', amd = ''] = directories(
    t,
    { 'n.json': gpus('nvidia.com/gpu', '0', '1', 'all') },
    { 'a.json': gpus('amd.com/gpu', '0', 'all') },
  )
  const gpu = { Capabilities: [['gpu']] }
  const of = async (request: DeviceRequest, ...dirs: string[]) =>
    (await injectDevices({ DeviceRequests: [request] }, dirs, root)).env.join(' ')
  assert.equal(await of({ ...gpu, Count: -1 }, nvidia), 'GPU_all=1')
  assert.equal(await of({ ...gpu, Count: 2, Driver: 'nvidia' }, nvidia), 'GPU_0=1 GPU_1=1')
  assert.equal(await of({ ...gpu, DeviceIDs: ['1'] }, nvidia, amd), 'GPU_1=1')
  assert.equal(await of({ ...gpu, Count: -1 }, amd), 'GPU_all=1')
  assert.equal(await of({ ...gpu, Count: 1, Driver: 'amd' }, nvidia, amd), 'GPU_0=1')
})

test('what cannot be had is an error that says what is missing', async t => {
  const edits = (containerEdits: object) => ({ name: 'd', containerEdits })
  const hook = { hookName: 'createContainer', path: '/usr/bin/vendor-hook', args: ['vendor-hook', 'update-ldcache'] }
  const dirs = directories(t, {
    'hook.json': specOf('v.com/hook', [edits({ hooks: [hook] })]),
    'net.json': specOf('v.com/net', [edits({ netDevices: [{ hostInterfaceName: 'x', name: 'y' }] })]),
    'node.json': specOf('v.com/node', [edits({ deviceNodes: [{ path: '/dev/no-such' }] })]),
    'mount.json': specOf('v.com/mount', [edits({ mounts: [{ hostPath: '/no/such', containerPath: '/x' }] })]),
    'one.json': specOf('v.com/twice', [edits({})]),
    'two.json': specOf('v.com/twice', [edits({})]),
  })
  const failing = async (request: DeviceRequest, expected: object, where = dirs) =>
    await assert.rejects(injectDevices({ DeviceRequests: [request] }, where, root), expected)
  const unknown = 'ENGINE_CDI_DEVICE_UNKNOWN'
  await failing(cdi('v.com/hook=d'), {
    code: 'ENGINE_NOT_SUPPORTED',
    message: /createContainer: .*vendor-hook update-ldcache/,
  })
  await failing(cdi('v.com/net=d'), { code: 'ENGINE_NOT_SUPPORTED', message: /netDevices/ })
  await failing(cdi('v.com/node=d'), {
    code: 'ENGINE_CDI_DEVICE_BROKEN',
    message: /\/dev\/no-such, which is not there/,
  })
  await failing(cdi('v.com/mount=d'), { code: 'ENGINE_CDI_DEVICE_BROKEN', message: /\/no\/such, which is not there/ })
  await failing(cdi('v.com/twice=d'), { code: unknown, message: /unresolvable CDI devices v.com\/twice=d/ })
  await failing(cdi('v.com/x=d'), { code: unknown, message: /unresolvable CDI devices v.com\/x=d$/ }, ['/no/such'])
  await failing(
    { Count: -1, Capabilities: [['gpu']] },
    { code: unknown, message: /could not select device driver "" with capabilities: \[\[gpu\]\]/ },
  )
  await failing(
    { Driver: 'x', Capabilities: [['tpu', 'fast']] },
    { code: unknown, message: /driver "x" with capabilities: \[\[tpu fast\]\]/ },
  )
  await failing(cdi('nonsense'), { code: 'ENGINE_REQUEST_INVALID' })
})

test('a specification that is not what it should be is told where its device may be meant', async t => {
  const wrong: [unknown, RegExp][] = [
    ['{', /cannot read the CDI specification .*v\.json/],
    [specOf('v.com/x', []), /it has no devices/],
    [specOf('kind', [{ name: 'd' }]), /kind "kind" is not of the form/],
    [{ ...specOf('v.com/x', [{ name: 'd' }]), cdiVersion: '2.0.0' }, /cdiVersion "2.0.0" is not known/],
    [
      specOf('v.com/x', [{ name: 'd', containerEdits: { fancy: true } }]),
      /devices\[0\]\.containerEdits\.fancy is not known/,
    ],
    [specOf('v.com/x', [{ name: 'd', containerEdits: { env: 'A=1' } }]), /env must be a list/],
  ]
  for (const [content, message] of wrong) {
    const dirs = directories(t, { 'v.json': content, 'w.json': specOf('v.com/good', [{ name: 'd', ...env('A=1') }]) })
    const inject = (name: string) => injectDevices({ DeviceRequests: [cdi(name)] }, dirs, root)
    await assert.rejects(inject('v.com/x=d'), { code: 'ENGINE_CDI_SPEC_INVALID', message })
    assert.deepEqual((await inject('v.com/good=d')).env, ['A=1'], 'others are not affected')
  }
})

test('only vendor.com/class=name is a name', () => {
  for (const name of ['v.com/c=d', 'vendor/class=GPU-1:0', 'a/b=0']) assert.ok(isQualifiedName(name), name)
  for (const path of ['/dev/null', '/dev/a=b', 'v.com/c', 'v.com/c=', 'c=d', '-v/c=d'])
    assert.ok(!isQualifiedName(path), path)
})
