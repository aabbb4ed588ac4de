import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFakeRegistry } from './fake-registry.ts'
import { buildImage } from './image-builder.ts'
import { never, nothing, onDisk, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

const image = buildImage([[file('etc/name', 'lower')], [file('etc/name', 'upper')]], { config: { Env: ['A=1'] } })

const [layer = ''] = image.layers
const blobs = (replace: Record<string, Buffer>) => new Map(Object.entries(replace))
/** What the registry has instead of the right thing. */
const broken: [string, Map<string, Buffer>, string][] = [
  [
    'a layer with other content',
    blobs({ [layer]: Buffer.from('x'.repeat(image.blobs.get(layer as never)?.length ?? 0)) }),
    'IMAGE_',
  ],
  [
    'a layer that is longer',
    blobs({ [layer]: Buffer.concat([image.blobs.get(layer as never) ?? Buffer.alloc(0), Buffer.from('more')]) }),
    'IMAGE_DIGEST_MISMATCH',
  ],
  ['a configuration with other content', blobs({ [image.id]: Buffer.from('{}') }), 'IMAGE_DIGEST_MISMATCH'],
]
for (const [what, replace, code] of broken)
  test(`refuses ${what}, and keeps nothing`, { skip }, async t => {
    const registry = await startFakeRegistry(t)
    registry.add('library/demo:1', image)
    for (const [digest, bytes] of replace) registry.blobs.set(digest, bytes)
    const { store, dataDir } = await openStore(t, { registryMirrors: [registry.url] })
    await assert.rejects(store.pull('demo:1', {}, never), error => (error as { code: string }).code.startsWith(code))
    assert.deepEqual(await onDisk(dataDir), nothing)
    assert.deepEqual(await store.list(), [])
  })

test('refuses a manifest that is not the one asked for by digest', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', image)
  registry.manifests.set(`library/demo:${image.manifest}`, Buffer.from('{"schemaVersion":2}'))
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  await assert.rejects(store.pull(`demo@${image.manifest}`, {}, never), { code: 'IMAGE_DIGEST_MISMATCH' })
})

/** What a manifest is, and what is said about it. */
const manifests: [string, object, RegExp][] = [
  ['of schema 1', { schemaVersion: 1, name: 'x' }, /schema 1 is not supported/],
  ['without layers', { layers: undefined }, /layers is missing/],
  ['with fewer layers than its configuration', { layers: [] }, /has 2 layers, its manifest 0/],
  ['with a size that is none', { config: { digest: image.id, size: -1 } }, /not a number of bytes: -1/],
  ['with a digest that is a path', { config: { digest: '../../etc/passwd', size: 1 } }, /not a sha256 digest/],
]
for (const [what, change, message] of manifests)
  test(`refuses a manifest ${what}`, { skip }, async t => {
    const registry = await startFakeRegistry(t)
    registry.add('library/demo:1', buildImage([[file('a')], [file('b')]], { manifest: change }))
    registry.add('library/other:1', image)
    const { store } = await openStore(t, { registryMirrors: [registry.url] })
    await assert.rejects(store.pull('demo:1', {}, never), { code: 'IMAGE_MANIFEST_INVALID', message })
  })
