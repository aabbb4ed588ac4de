import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { buildImage, layoutArchive, legacyArchive } from './image-builder.ts'
import { never, nothing, onDisk, openStore } from './store-fixture.ts'
import { file, type Item, openEnded, symlink, tar } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

/** A stream in small pieces. */
const stream = (bytes: Buffer) =>
  Readable.from(
    Array.from({ length: Math.ceil(bytes.length / 5000) }, (_, i) => bytes.subarray(i * 5000, (i + 1) * 5000)),
  )

const lower = [file('etc/name', 'lower'), file('gone', 'x')]
const upper = [file('etc/name', 'upper'), file('.wh.gone')]
const image = buildImage([lower, upper], {
  config: { Env: ['A=1'], Entrypoint: '/run', Cmd: null, Labels: { x: 'y' } },
})
const legacy = legacyArchive(image, ['demo:1', 'demo:latest'], [tar(...lower), tar(...upper)])
const layout = layoutArchive(image, [
  { 'io.containerd.image.name': 'docker.io/library/demo:1' },
  { 'org.opencontainers.image.ref.name': 'latest' },
])

for (const [what, archive, tags] of [
  ['an archive of docker save', legacy, ['demo:1', 'demo:latest']],
  ['the same, compressed with gzip', gzipSync(legacy), ['demo:1', 'demo:latest']],
  ['the same, compressed with zstd', zstdCompressSync(legacy), ['demo:1', 'demo:latest']],
  ['an OCI image layout', layout, ['demo:1']],
] as const)
  test(`loads ${what}`, { skip }, async t => {
    const { store, dataDir } = await openStore(t)
    const [loaded, ...others] = await store.load(stream(archive), () => {}, never)
    assert.deepEqual(others, [])
    assert.equal(loaded?.id, image.id)
    assert.deepEqual(loaded?.repoTags, tags)
    assert.deepEqual(loaded?.config, { Env: ['A=1'], Entrypoint: ['/run'], Labels: { x: 'y' } })
    assert.deepEqual(loaded?.layers, image.diffIds)
    assert.equal(loaded?.created.toISOString(), '2024-05-06T07:08:09.000Z')
    const directories = store.lowerdirs(loaded ?? assert.fail())
    assert.deepEqual(
      directories.map(directory => readFileSync(join(directory, 'etc/name'), 'utf8')),
      ['upper', 'lower'],
    )
    assert.equal((await onDisk(dataDir)).partial.length, 0)
    assert.deepEqual(await store.find('demo:1'), loaded)
  })

test('loads what is both, by the names of docker save and with the manifest of the layout', { skip }, async t => {
  const { store, dataDir } = await openStore(t)
  const names = file(
    'manifest.json',
    JSON.stringify([
      {
        Config: `blobs/sha256/${image.id.slice(7)}`,
        RepoTags: ['both:1'],
        Layers: image.layers.map(layer => `blobs/sha256/${layer.slice(7)}`),
      },
    ]),
  )
  const both = Buffer.concat([openEnded(names), layout])
  const [loaded] = await store.load(stream(both), () => {}, never)
  assert.deepEqual(loaded?.repoTags, ['both:1'])
  assert.deepEqual((await onDisk(dataDir)).blobs, [...image.blobs.keys()].map(digest => digest.slice(7)).sort())
})

test('a layer that two images have is kept once, and goes with the last of them', { skip }, async t => {
  const { store, dataDir } = await openStore(t)
  const other = buildImage([lower, [file('other', 'x')]])
  await store.load(stream(layoutArchive(image, [{ 'io.containerd.image.name': 'a:1' }])), () => {}, never)
  await store.load(stream(layoutArchive(other, [{ 'io.containerd.image.name': 'b:1' }])), () => {}, never)
  assert.equal((await onDisk(dataDir)).layers.length, 3)
  const [a, b] = [await store.find('a:1'), await store.find('b:1')]
  assert.ok(a && b)
  assert.equal(store.lowerdirs(a).at(-1), store.lowerdirs(b).at(-1))
  await store.remove('a:1', { force: false })
  assert.equal((await onDisk(dataDir)).layers.length, 2)
  assert.equal(readFileSync(join(store.lowerdirs(b).at(-1) ?? '', 'etc/name'), 'utf8'), 'lower')
  await store.remove('b:1', { force: false })
  assert.deepEqual(await onDisk(dataDir), nothing)
})

test('loading an image of the same name again leaves the old one without', { skip }, async t => {
  const { store } = await openStore(t)
  const newer = buildImage([[file('new', 'x')]])
  await store.load(stream(legacy), () => {}, never)
  await store.load(stream(layoutArchive(newer, [{ 'io.containerd.image.name': 'demo:1' }])), () => {}, never)
  assert.equal((await store.find('demo:1'))?.id, newer.id)
  assert.deepEqual((await store.find(image.id))?.repoTags, ['demo:latest'])
})

const config = [...image.blobs].find(([digest]) => digest === image.id)?.[1] ?? assert.fail()
const manifestJson = (item: object) =>
  file('manifest.json', JSON.stringify([{ Config: 'c.json', RepoTags: ['x:1'], Layers: ['a.tar', 'b.tar'], ...item }]))
const parts = (item: object, a = tar(...lower), b = tar(...upper), c = config) =>
  tar(file('c.json', c), file('a.tar', a), file('b.tar', b), manifestJson(item))

const refused: [string, Buffer, string, RegExp][] = [
  ['no archive', Buffer.from('hello'.repeat(1000)), 'IMAGE_ARCHIVE_INVALID', /not an archive that can be loaded/],
  [
    'gzip that is cut off',
    gzipSync(legacy).subarray(0, 500),
    'IMAGE_ARCHIVE_INVALID',
    /not an archive that can be loaded/,
  ],
  ['an archive that is cut off', legacy.subarray(0, legacy.length - 1636), 'IMAGE_ARCHIVE_INVALID', /truncated/],
  [
    'more entries than any image has',
    tar(...Array<Item>(65_537).fill(symlink('a', 'b'))),
    'IMAGE_ARCHIVE_INVALID',
    /more than 65536 entries/,
  ],
  [
    'a name that no file can have',
    tar({ ...file('x'), pax: { path: 'x'.repeat(5000) } }),
    'IMAGE_ARCHIVE_INVALID',
    /too long/,
  ],
  ['an archive of something else', tar(file('a.txt', 'x')), 'IMAGE_ARCHIVE_INVALID', /neither a manifest.json nor/],
  ['an archive older than images', tar(file('repositories', '{}')), 'IMAGE_ARCHIVE_INVALID', /before 1.10/],
  ['names that climb', tar(file('../../manifest.json', '[]')), 'IMAGE_ARCHIVE_INVALID', /outside/],
  [
    'a manifest.json that is no JSON',
    tar(file('manifest.json', '{')),
    'IMAGE_ARCHIVE_INVALID',
    /manifest.json is not JSON/,
  ],
  ['a manifest.json without a configuration', parts({ Config: null }), 'IMAGE_ARCHIVE_INVALID', /Config is missing/],
  ['a layer that is missing', parts({ Layers: ['a.tar', 'no.tar'] }), 'IMAGE_ARCHIVE_INVALID', /has no no.tar/],
  ['a configuration that is missing', parts({ Config: 'no.json' }), 'IMAGE_ARCHIVE_INVALID', /has no no.json/],
  ['too few layers', parts({ Layers: ['a.tar'] }), 'IMAGE_ARCHIVE_INVALID', /has 2 layers, the archive 1/],
  [
    'a layer that is another one',
    parts({}, tar(file('evil', 'x'))),
    'IMAGE_DIGEST_MISMATCH',
    /not sha256:.* as announced/,
  ],
  ['a layer that is cut off', parts({}, tar(...lower).subarray(0, 1200)), 'IMAGE_LAYER_INVALID', /truncated/],
  ['a tag that is none', parts({ RepoTags: ['X:1'] }), 'IMAGE_REFERENCE_INVALID', /lowercase/],
  [
    'a configuration of the wrong form',
    parts({}, undefined, undefined, Buffer.from('{"config":{"Env":"A"},"rootfs":{"diff_ids":[1]}}')),
    'IMAGE_CONFIG_INVALID',
    /diff_ids is not a list/,
  ],
]
for (const [what, archive, code, message] of refused)
  test(`refuses ${what}, and keeps nothing of it`, { skip }, async t => {
    const { store, dataDir } = await openStore(t)
    await assert.rejects(
      store.load(stream(archive), () => {}, never),
      { code, message },
    )
    assert.deepEqual(await store.list(), [])
    assert.deepEqual(await onDisk(dataDir), nothing)
  })

test('a load that is given up keeps nothing', { skip }, async t => {
  const { store, dataDir } = await openStore(t)
  const giveUp = new AbortController()
  const archive = Readable.from(
    (async function* () {
      yield legacy.subarray(0, 4000)
      giveUp.abort(new Error('enough'))
      yield legacy.subarray(4000)
    })(),
  )
  await assert.rejects(
    store.load(archive, () => {}, giveUp.signal),
    /enough/,
  )
  assert.deepEqual(await onDisk(dataDir), nothing)
})

test('loads the image that test/images builds', { skip }, async t => {
  const { store, reopen } = await openStore(t)
  const build = fileURLToPath(new URL('../images/build', import.meta.url))
  const path = execFileSync(build, ['busybox'], { encoding: 'utf8' }).trim()
  const [busybox] = await store.load(createReadStream(path), () => {}, never)
  assert.ok(busybox)
  assert.ok(busybox.repoTags.includes('busybox:latest'))
  const [directory = ''] = store.lowerdirs(busybox)
  assert.equal(
    execFileSync('chroot', [directory, '/bin/sh', '-c', 'echo from inside'], { encoding: 'utf8' }),
    'from inside\n',
  )
  const again = await reopen()
  assert.deepEqual(await again.find('busybox'), busybox)
  assert.deepEqual(again.lowerdirs(busybox), [directory])
})
