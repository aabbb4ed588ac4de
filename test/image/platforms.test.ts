import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import type { ImageStore, Platform } from '../../src/image/image.ts'
import { hostPlatform } from '../../src/image/platform.ts'
import { buildImage, buildIndex } from './image-builder.ts'
import { type PushTarget, startPushTarget } from './push-target.ts'
import { never, nothing, onDisk, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { sha256, skip } from './unpack-fixture.ts'

const { architecture } = hostPlatform
const s390x: Platform = { os: 'linux', architecture: 's390x' }
const riscv: Platform = { os: 'linux', architecture: 'riscv64' }
const shared = [file('shared', 'by both')]
const own = buildImage([shared, [file('own', 'x')]])
const other = buildImage([shared, [file('other', 'y')]], { architecture: 's390x' })
const third = buildImage([[file('third', 'z')]], { architecture: 'riscv64' })
/** The image for this machine comes last. */
const both = buildIndex([
  { image: other, architecture: 's390x' },
  { image: own, architecture },
])

/** A registry with the index as `name`, and a store that has pulled these platforms. */
async function pulled(t: TestContext, platforms: readonly (Platform | undefined)[], index = both) {
  const registry = await startPushTarget(t)
  addTo(registry, 'multi', index)
  const fixture = await openStore(t)
  const name = `${registry.host}/multi:1`
  for (const platform of platforms) await fixture.store.pull(name, platform ? { platform } : {}, never)
  return { ...fixture, registry, name }
}

function addTo(registry: PushTarget, repository: string, index: Buffer): void {
  registry.addIndex(`${repository}:1`, index, own, other, third)
  for (const { blobs } of [own, other, third])
    for (const digest of blobs.keys()) registry.owned.add(`${repository} ${digest}`)
}

const idOf = async (store: ImageStore, name: string, platform?: Platform) => (await store.find(name, platform))?.id

test('a second platform is pulled beside the first, also for the next engine', { skip }, async t => {
  const { store, reopen, name } = await pulled(t, [undefined, s390x])
  for (const at of [store, await reopen()]) {
    assert.equal(await idOf(at, name), own.id)
    assert.equal(await idOf(at, name, s390x), other.id)
    assert.equal(await idOf(at, name, riscv), undefined)
    assert.equal(await idOf(at, sha256(both)), own.id, 'by the digest of the index, too')
    const [shown, ...more] = await at.list()
    assert.deepEqual(more, [], 'one line of the list')
    assert.equal(shown?.id, own.id)
    assert.deepEqual(shown?.repoTags, [name])
    assert.deepEqual(
      shown?.variants.map(({ id }) => id),
      [own.id, other.id],
    )
    assert.equal(shown?.size, 'by both'.length + 2, 'the layer of both counts once')
  }
})

test('one that is here is not asked for again but by its digest', { skip }, async t => {
  const { store, registry, name } = await pulled(t, [undefined, s390x])
  registry.requests.length = 0
  assert.equal((await store.pull(name, { platform: s390x }, never)).id, other.id)
  assert.deepEqual(registry.requests, ['HEAD /v2/multi/manifests/1'])
})

test('a name stands for all platforms: another one is given to them, and removed with them', { skip }, async t => {
  const { store, dataDir, name } = await pulled(t, [undefined, s390x])
  await store.tag(name, 'again')
  assert.equal(await idOf(store, 'again', s390x), other.id)
  await store.remove(name, { force: false })
  assert.equal(await idOf(store, 'again', s390x), other.id)
  const gone = await store.remove('again', { force: false })
  assert.deepEqual(
    gone
      .flatMap(item => ('Deleted' in item ? [item.Deleted] : []))
      .slice(0, 2)
      .sort(),
    [own.id, other.id].sort(),
  )
  assert.deepEqual(await onDisk(dataDir), nothing)
})

test('one platform can be removed alone, by its name there or by its id', { skip }, async t => {
  const { store, name } = await pulled(t, [undefined, s390x])
  await store.remove(name, { force: false, platform: s390x })
  assert.equal(await idOf(store, name, s390x), undefined)
  assert.equal(await idOf(store, name), own.id)
  await store.pull(name, { platform: s390x }, never)
  await store.remove(other.id, { force: false })
  assert.equal(await idOf(store, name), own.id)
  await store.pull(name, { platform: s390x }, never)
  await store.remove(own.id, { force: false })
  assert.deepEqual(await store.list(), [], 'the id that a list shows stands for the whole line')
})

test('what a container needs of an index stays when its name goes by force', { skip }, async t => {
  const { store, name } = await pulled(t, [undefined, s390x])
  await store.remove(name, { force: true, judge: ({ id }) => (id === other.id ? 'keep' : 'delete') })
  assert.equal(await idOf(store, other.id), other.id)
  assert.equal(await idOf(store, own.id), undefined)
})

test('an index is pushed with all its images, and then by its name', { skip }, async t => {
  const { store, name } = await pulled(t, [undefined, s390x])
  const target = await startPushTarget(t)
  await store.tag(name, `${target.host}/team/b:2`)
  const [pushed] = await store.push(`${target.host}/team/b:2`, {}, never)
  assert.deepEqual(pushed, { tag: '2', digest: sha256(both), size: both.length })
  for (const { blobs } of [own, other])
    for (const [digest, blob] of blobs) assert.deepEqual(target.blobs.get(digest), blob)
  assert.deepEqual(target.manifests.get('team/b:2'), both)
  const manifests = target.requests.filter(request => /^PUT .*manifests/.test(request))
  assert.equal(manifests.at(-1), 'PUT /v2/team/b/manifests/2', 'whoever finds the name finds all of it')
  const [alone] = await store.push(`${target.host}/team/b:2`, { platform: s390x }, never)
  assert.equal(alone?.digest, other.manifest)
  assert.equal(await idOf(store, name), own.id)
  assert.equal((await store.list()).length, 1)
})

test('to another repository of a registry the layers are mounted', { skip }, async t => {
  const { store, name, registry } = await pulled(t, [undefined, s390x])
  await store.tag(name, `${registry.host}/copy:1`)
  registry.requests.length = 0
  await store.push(`${registry.host}/copy:1`, {}, never)
  assert.equal(registry.requests.filter(request => request.includes('mount=')).length, 3)
})

test('an index with images that are neither here nor there is not pushed', { skip }, async t => {
  const index = buildIndex([
    { image: own, architecture },
    { image: other, architecture: 's390x' },
    { image: third, architecture: 'riscv64' },
  ])
  const { store, name, registry } = await pulled(t, [undefined, s390x], index)
  const [back] = await store.push(name, {}, never)
  assert.equal(back?.digest, sha256(index), 'where all of them are, it goes')
  const target = await startPushTarget(t)
  await store.tag(name, `${target.host}/b:1`)
  const failed = { code: 'IMAGE_PLATFORM_MISSING', message: /linux\/riscv64/, fix: /--platform/ }
  await assert.rejects(store.push(`${target.host}/b:1`, {}, never), failed)
  assert.equal(target.manifests.size, 0)
  assert.ok(registry.manifests.has('multi:1'))
})

test('all platforms are saved, and loaded again under the same digests', { skip }, async t => {
  const { store, dataDir, name } = await pulled(t, [undefined, s390x])
  const archive = await buffer(await store.save([name]))
  const single = await buffer(await store.save([name], s390x))
  await store.remove(name, { force: false })
  const load = (from: Buffer, platform?: Platform) =>
    store.load(Readable.from([from]), () => {}, never, platform ? { platform } : {})
  assert.deepEqual(
    (await load(archive)).map(({ id }) => id),
    [own.id],
  )
  assert.equal(await idOf(store, name, s390x), other.id)
  assert.ok((await onDisk(dataDir)).blobs.includes(sha256(both).slice(7)))
  await store.remove(name, { force: false })
  assert.deepEqual(
    (await load(archive, s390x)).map(({ id }) => id),
    [other.id],
  )
  assert.equal((await store.list())[0]?.variants.length, 1)
  await store.remove(name, { force: false })
  assert.deepEqual(
    (await load(single)).map(({ id }) => id),
    [other.id],
  )
  assert.deepEqual(await store.list().then(list => list[0]?.repoTags), [name])
  await assert.rejects(store.save([name], riscv), { code: 'IMAGE_PLATFORM_MISSING' })
})

test('images made here have an index, whose layers are compressed when it is pushed', { skip }, async t => {
  const { store, name } = await pulled(t, [undefined, s390x])
  const target = await startPushTarget(t)
  const { workshop } = store
  const images = await Promise.all(
    [own, other].map(async ({ id }, at) => ({
      configuration: (await workshop.configuration(id)).replace('"created"', '"author":"me","created"'),
      platform: at === 0 ? hostPlatform : s390x,
      annotations: { at: String(at) },
    })),
  )
  const made = `${target.host}/made:1`
  const image = await workshop.addIndex({ images, names: [made], annotations: { of: 'both' } })
  assert.equal(image.author, 'me')
  assert.equal(image.platform.architecture, architecture)
  assert.notEqual(await idOf(store, made, s390x), other.id)
  await store.remove(name, { force: false })
  const [pushed] = await store.push(made, {}, never)
  const index = JSON.parse(String(target.manifests.get('made:1')))
  assert.deepEqual(index.annotations, { of: 'both' })
  const manifest = JSON.parse(String(target.blobs.get(index.manifests[1].digest)))
  assert.deepEqual(manifest.annotations, { at: '1' })
  assert.deepEqual((await store.find(made))?.repoDigests, [`${target.host}/made@${pushed?.digest}`])
})

test('an image that passes is not there for the next engine', { skip }, async t => {
  const { store, reopen, name } = await pulled(t, [undefined])
  const configuration = (await store.workshop.configuration(own.id)).replace('"created"', '"author":"me","created"')
  {
    await using passing = await store.workshop.addPassingImage({ configuration })
    await store.tag(name, 'meanwhile')
    assert.equal(await idOf(store, passing.image.id), passing.image.id)
    assert.deepEqual(
      (await (await reopen()).list()).map(({ id }) => id),
      [own.id],
    )
  }
  assert.equal((await store.list()).length, 1)
})

test('what is pulled or loaded for a while has no name, and no trace afterwards', { skip }, async t => {
  const { store, reopen, name, dataDir } = await pulled(t, [])
  const archive = async () => Readable.from([await buffer(await store.save([own.id]))])
  {
    await using until = new AsyncDisposableStack()
    const image = await store.pull(name, { until }, never)
    assert.equal(image.id, own.id)
    assert.equal(await store.find(name), undefined)
    await store.load(await archive(), () => {}, never, { until })
    assert.deepEqual(await (await reopen()).list(), [])
  }
  assert.deepEqual(await store.list(), [])
  assert.deepEqual(await onDisk(dataDir), nothing)
  await store.pull(name, {}, never)
  {
    await using until = new AsyncDisposableStack()
    await store.load(await archive(), () => {}, never, { until })
  }
  assert.equal(await idOf(store, name), own.id, 'what was here before stays')
})
