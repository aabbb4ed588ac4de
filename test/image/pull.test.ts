import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { offline } from '../../src/offline.ts'
import { startFakeRegistry } from './fake-registry.ts'
import { buildImage, buildIndex } from './image-builder.ts'
import { never, onDisk, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { sha256, skip } from './unpack-fixture.ts'

const image = buildImage([[file('etc/name', 'lower')], [file('etc/name', 'upper')]], { config: { Env: ['A=1'] } })
const big = buildImage([[file('random', randomBytes(2_000_000))]])
const short = (digest: string) => digest.slice(7, 19)

test('pulls an image, with the lines that Docker prints', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', image)
  const { store, dataDir, lines, onProgress } = await openStore(t, { registryMirrors: [registry.url] })
  const pulled = await store.pull('demo:1', { onProgress }, never)
  assert.partialDeepStrictEqual(pulled, {
    id: image.id,
    repoTags: ['demo:1'],
    repoDigests: [`demo@${image.manifest}`],
    config: { Env: ['A=1'] },
    layers: image.diffIds,
  })
  assert.deepEqual(
    store.lowerdirs(pulled).map(directory => readFileSync(join(directory, 'etc/name'), 'utf8')),
    ['upper', 'lower'],
  )
  assert.deepEqual(
    lines.toSorted(),
    [
      '1: Pulling from library/demo',
      ...image.layers.flatMap(layer =>
        ['Pulling fs layer', 'Download complete', 'Pull complete'].map(status => `${short(layer)}: ${status}`),
      ),
      `Digest: ${image.manifest}`,
      'Status: Downloaded newer image for demo:1',
    ].toSorted(),
  )
  assert.deepEqual((await onDisk(dataDir)).blobs, [...image.blobs.keys()].map(digest => digest.slice(7)).sort())
  lines.length = registry.requests.length = 0
  const { tagged, ...again } = await store.pull('demo:1', { onProgress }, never)
  const { tagged: first, ...before } = pulled
  assert.deepEqual(again, before)
  assert.ok(Number(tagged) >= Number(first), 'it counts as fetched now')
  assert.equal(lines.at(-1), 'Status: Image is up to date for demo:1')
  assert.deepEqual(registry.requests, ['HEAD /v2/library/demo/manifests/1'], 'nothing is asked for that is there')
})

test('pulls from a registry on loopback without TLS, by tag and by digest', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('team/demo:2', image)
  const { store } = await openStore(t)
  const tagged = await store.pull(`${registry.host}/team/demo:2`, {}, never)
  assert.deepEqual(tagged.repoTags, [`${registry.host}/team/demo:2`])
  const name = `${registry.host}/team/demo@${image.manifest}`
  assert.deepEqual((await store.pull(name, {}, never)).repoDigests, [name])
  assert.equal((await store.find(name))?.id, image.id)
})

test('a host that is neither loopback nor listed is not spoken to without TLS', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('demo:1', image)
  const { store } = await openStore(t)
  const name = `localhost.localdomain:${new URL(registry.url).port}/demo:1`
  await assert.rejects(store.pull(name, {}, never), { code: 'REGISTRY_UNREACHABLE' })
  assert.deepEqual(registry.requests, [])
})

test('of an index the image for the platform is taken', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  const host = process.arch === 'x64' ? 'amd64' : process.arch
  const other = buildImage([[file('other', 'x')]], { architecture: 's390x' })
  const index = buildIndex([
    { image: other, architecture: 's390x' },
    { image, architecture: host },
  ])
  registry.addIndex('library/multi:1', index, other, image)
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  const pulled = await store.pull('multi:1', {}, never)
  assert.equal(pulled.id, image.id)
  assert.deepEqual(pulled.repoDigests, [`multi@${sha256(index)}`])
  const foreign = await store.pull('multi:1', { platform: { os: 'linux', architecture: 's390x' } }, never)
  assert.equal(foreign.id, other.id)
  assert.equal((await store.find('multi:1'))?.id, image.id, 'the one for this machine stays beside')
  await assert.rejects(store.pull('multi:1', { platform: { os: 'linux', architecture: 'mips' } }, never), {
    code: 'IMAGE_PLATFORM_MISSING',
    message: /no matching manifest for linux\/mips/,
    fix: new RegExp(`linux/s390x, linux/${host}`),
  })
})

test('a single image for another platform is refused if a platform was asked for', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/windows:1', buildImage([[file('a')]], { os: 'windows' }))
  registry.add('library/demo:1', image)
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  await assert.rejects(store.pull('windows:1', {}, never), { code: 'IMAGE_PLATFORM_MISSING' })
  const platform = { os: 'linux', architecture: 'mips' }
  await assert.rejects(store.pull('demo:1', { platform }, never), { message: /wanted linux\/mips, actual: linux\// })
})

test('a tag that stands for something else now is pulled anew', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', image)
  const { store, lines, onProgress } = await openStore(t, { registryMirrors: [registry.url] })
  await store.pull('demo:1', {}, never)
  registry.add('library/demo:1', big)
  assert.equal((await store.pull('demo:1', { onProgress }, never)).id, big.id)
  assert.equal(lines.at(-1), 'Status: Downloaded newer image for demo:1')
  assert.deepEqual((await store.find(image.id))?.repoTags, [])
})

test('all tags of a repository, however many answers tell them', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  for (const [tag, of] of [
    ['1', image],
    ['2', big],
    ['latest', big],
  ] as const)
    registry.add(`library/demo:${tag}`, of)
  registry.hook = (_, response, path) => {
    if (!path.startsWith('/v2/library/demo/tags/list')) return false
    const isFirst = !path.includes('last=')
    const link = isFirst ? { link: '</v2/library/demo/tags/list?last=1>; rel="next"' } : {}
    response.writeHead(200, link).end(JSON.stringify({ tags: isFirst ? ['1'] : ['2', 'latest'] }))
    return true
  }
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  const images = await store.pullAll('demo', {}, never)
  assert.deepEqual(
    images.map(({ id }) => id),
    [image.id, big.id, big.id],
  )
  assert.deepEqual((await store.find('demo'))?.repoTags, ['demo:2', 'demo:latest'])
})

test('a registry that tells of tags without end is not heard to the end', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.hook = (_, response, path) => {
    const link = { link: `<${path}>; rel="next"` }
    response.writeHead(200, link).end(JSON.stringify({ tags: ['1'] }))
    return true
  }
  const { store } = await openStore(t)
  await assert.rejects(store.pullAll(`${registry.host}/demo`, {}, never), { code: 'REGISTRY_ERROR', message: /pages/ })
})

test('layers compressed with zstd', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', buildImage([[file('a', 'zstd')]], { compress: zstdCompressSync }))
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  const [directory = ''] = store.lowerdirs(await store.pull('demo:1', {}, never))
  assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'zstd')
})

test('pulls at the same time share the work', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  registry.add('library/big:2', big)
  const { store, dataDir } = await openStore(t, { registryMirrors: [registry.url] })
  const pulls = ['big:1', 'big:1', 'big:2'].map(name => store.pull(name, {}, never))
  for (const pulled of await Promise.all(pulls)) assert.equal(pulled.id, big.id)
  assert.equal(registry.requests.filter(request => request.includes(big.layers[0] ?? '')).length, 1)
  assert.deepEqual((await store.find('big:1'))?.repoTags, ['big:1', 'big:2'])
  assert.equal((await onDisk(dataDir)).layers.length, 1)
})

test('offline, what is here has to do, and no registry is asked', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', image)
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  await store.pull('demo:1', {}, never)
  registry.requests.length = 0
  assert.equal((await offline('a test', () => store.pull('demo:1', {}, never))).id, image.id)
  for (const act of [
    () => store.pull('demo:2', {}, never),
    () => store.pull('demo:1', { platform: { os: 'linux', architecture: 'mips' } }, never),
    () => store.push('demo', { tag: '1' }, never),
    () => store.registries.login({ serveraddress: registry.host }, never),
    () => store.registries.inspect('demo:1', undefined, never),
    () => store.registries.search('demo', 1, undefined, never),
  ])
    await assert.rejects(
      offline('a test', () => act() as Promise<unknown>),
      { code: 'OFFLINE', message: /is not asked: a test is offline/ },
    )
  assert.deepEqual(registry.requests, [])
})
