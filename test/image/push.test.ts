import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { ImageStore } from '../../src/image/image.ts'
import { fail } from './fake-registry.ts'
import { type BuiltImage, buildImage, legacyArchive } from './image-builder.ts'
import { startPushTarget } from './push-target.ts'
import { never, onDisk, openStore } from './store-fixture.ts'
import { file, tar } from './tar-builder.ts'
import { sha256, skip } from './unpack-fixture.ts'

const small = buildImage([[file('a', 'lower')], [file('b', 'upper')]], { config: { Env: ['A=1'] } })
const bytes = randomBytes(3_000_000)
const big = buildImage([[file('random', bytes)]])

/** A registry that has images, and a store that has pulled them from there. */
async function pulled(t: TestContext, images: Readonly<Record<string, BuiltImage>>) {
  const registry = await startPushTarget(t)
  const fixture = await openStore(t)
  for (const [name, image] of Object.entries(images)) {
    registry.add(name, image)
    for (const digest of image.blobs.keys()) registry.owned.add(`${name.split(':')[0]} ${digest}`)
    await fixture.store.pull(`${registry.host}/${name}`, {}, never)
  }
  registry.requests.length = 0
  return { ...fixture, registry }
}

const tag = (store: ImageStore, name: string, as: string) => store.tag(name, as)

const sent = (requests: readonly string[]) => requests.filter(request => /^(PUT|PATCH|POST)/.test(request))

test('what was pulled is pushed back byte for byte, with the lines that Docker prints', { skip }, async t => {
  const { registry, store, lines, onProgress } = await pulled(t, { 'a:1': small })
  const other = await startPushTarget(t)
  await tag(store, `${registry.host}/a:1`, `${other.host}/team/b:2`)
  const pushed = await store.push(`${other.host}/team/b`, { tag: '2', onProgress }, never)
  const size = small.blobs.get(small.manifest)?.length
  assert.deepEqual(pushed, [{ tag: '2', digest: small.manifest, size }])
  for (const [digest, blob] of small.blobs) assert.deepEqual(other.blobs.get(digest), blob)
  assert.equal(lines[0], `The push refers to repository [${other.host}/team/b]`)
  assert.deepEqual(
    lines.slice(1, -1).toSorted(),
    small.diffIds.flatMap(id => ['Preparing', 'Pushed'].map(word => `${id.slice(7, 19)}: ${word}`)).toSorted(),
  )
  assert.equal(lines.at(-1), `2: digest: ${small.manifest} size: ${size}`)
  assert.ok(
    (await store.find(`${other.host}/team/b:2`))?.repoDigests.includes(`${other.host}/team/b@${small.manifest}`),
  )
})

test('what is there is not sent again', { skip }, async t => {
  const { registry, store, lines, onProgress } = await pulled(t, { 'a:1': small })
  await store.push(`${registry.host}/a:1`, { onProgress }, never)
  assert.deepEqual(sent(registry.requests), ['PUT /v2/a/manifests/1'])
  assert.equal(lines.filter(line => line.endsWith('Layer already exists')).length, 2)
})

test('what another repository of the registry has is mounted', { skip }, async t => {
  const { registry, store, lines, onProgress } = await pulled(t, { 'a:1': small })
  await tag(store, `${registry.host}/a:1`, `${registry.host}/b:1`)
  await store.push(`${registry.host}/b:1`, { onProgress }, never)
  const mounts = small.layers.map(digest => `POST /v2/b/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=a`)
  for (const mount of mounts) assert.ok(registry.requests.includes(mount), mount)
  assert.equal(lines.filter(line => line.endsWith('Mounted from a')).length, 2)
})

test('what could have been mounted but was not is sent', { skip }, async t => {
  const { registry, store } = await pulled(t, { 'a:1': small })
  registry.owned.clear()
  await tag(store, `${registry.host}/a:1`, `${registry.host}/b:1`)
  await store.push(`${registry.host}/b:1`, {}, never)
  for (const digest of small.layers) assert.ok(registry.owned.has(`b ${digest}`))
  assert.equal(registry.requests.filter(request => request.startsWith('POST')).length, 3, 'no upload is opened in vain')
})

test('all tags of a repository', { skip }, async t => {
  const { registry, store } = await pulled(t, { 'a:1': small, 'a:2': big })
  await tag(store, `${registry.host}/a:1`, `${registry.host}/ab:3`)
  const pushed = await store.push(`${registry.host}/a`, {}, never)
  assert.deepEqual(
    pushed.map(({ tag, digest }) => [tag, digest]),
    [
      ['1', small.manifest],
      ['2', big.manifest],
    ],
  )
})

test('a transfer that breaks goes on where the registry says it broke', { skip }, async t => {
  const { registry, store } = await pulled(t, { 'a:1': big })
  registry.owned.clear()
  registry.blobs.clear()
  const ranges: unknown[] = []
  registry.onUpload = (request, _, upload) => {
    if (request.method !== 'PATCH') return false
    ranges.push(request.headers['content-range'])
    if (ranges.length > 2) return false
    request.on('data', chunk => {
      if (upload.bytes.length < 1_000_000 * ranges.length) upload.bytes = Buffer.concat([upload.bytes, chunk])
      else request.destroy()
    })
    return true
  }
  await store.push(`${registry.host}/a:1`, {}, never)
  const [layer = ''] = big.layers
  assert.equal(sha256(registry.blobs.get(layer) ?? Buffer.alloc(0)), layer)
  assert.equal(ranges[0], undefined)
  for (const range of ranges.slice(1, 3)) assert.match(String(range), /^[1-9]\d{5,}-\d+$/)
})

test('a registry that has forgotten the upload gets it from the start', { skip }, async t => {
  const { registry, store } = await pulled(t, { 'a:1': big })
  registry.owned.clear()
  registry.blobs.clear()
  const hook = registry.hook
  let broken = false
  registry.onUpload = request => {
    if (broken || request.method !== 'PATCH') return false
    request.once('data', () => request.destroy())
    broken = true
    return true
  }
  registry.hook = (request, response, path) => {
    if (request.method !== 'GET' || !path.includes('/uploads/')) return hook(request, response, path)
    fail(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'forgotten')
    return true
  }
  await store.push(`${registry.host}/a:1`, {}, never)
  const [layer = ''] = big.layers
  assert.ok(broken && registry.owned.has(`a ${layer}`))
})

test('a registry that takes no large requests gets chunks', { skip }, async t => {
  const huge = buildImage([[file('random', randomBytes(20_000_000))]], { compress: layer => layer })
  const { registry, store } = await pulled(t, { 'a:1': huge })
  registry.owned.clear()
  registry.onUpload = (request, response) => {
    if (Number(request.headers['content-length']) <= 10_000_000) return false
    fail(response, 413, 'SIZE_INVALID', 'too large') // at once, while the client is still sending
    return true
  }
  await store.push(`${registry.host}/a:1`, {}, never)
  assert.equal(registry.requests.filter(request => request.startsWith('PATCH')).length, 4)
  assert.ok(registry.owned.has(`a ${huge.layers[0]}`))
})

test('what an archive brings is compressed once, and keeps its digest from then on', { skip }, async t => {
  const registry = await startPushTarget(t)
  const { store, dataDir } = await openStore(t)
  const layers = [tar(file('a', 'text '.repeat(100_000))), tar(file('b', 'x'))]
  const image = buildImage(layers)
  await store.load(Readable.from(legacyArchive(image, [`${registry.host}/a:1`], layers)), () => {}, never)
  const [first] = await store.push(`${registry.host}/a:1`, {}, never)
  const { layers: descriptors } = JSON.parse(String(registry.manifests.get('a:1')))
  assert.deepEqual(
    descriptors.map(({ mediaType }: { mediaType: string }) => mediaType),
    Array(2).fill('application/vnd.oci.image.layer.v1.tar+gzip'),
  )
  for (const [index, { digest }] of descriptors.entries())
    assert.equal(sha256(gunzipSync(registry.blobs.get(digest) ?? Buffer.alloc(0))), image.diffIds[index])
  assert.deepEqual((await onDisk(dataDir)).blobs.length, 4, 'two layers, a configuration, a manifest')
  registry.requests.length = 0
  assert.deepEqual(await store.push(`${registry.host}/a:1`, {}, never), [first])
  assert.deepEqual(sent(registry.requests), ['PUT /v2/a/manifests/1'])
})

test('an image whose layer came first in another compression is pushed with a manifest of its own', {
  skip,
}, async t => {
  const layer = tar(file('a', 'shared'))
  const plain = buildImage([layer], { compress: bytes => bytes, config: { Env: ['B=2'] } })
  const zipped = buildImage([layer])
  const { registry, store } = await pulled(t, { 'a:1': zipped, 'b:1': plain })
  const [pushed] = await store.push(`${registry.host}/b:1`, {}, never)
  const manifest = JSON.parse(String(registry.manifests.get('b:1')))
  assert.equal(pushed?.digest, sha256(registry.manifests.get('b:1') ?? Buffer.alloc(0)))
  assert.equal(manifest.layers[0].digest, zipped.layers[0])
  assert.equal(manifest.config.digest, plain.id)
})

test('a push is refused in the words of Docker', { skip }, async t => {
  const { registry, store } = await pulled(t, { 'a:1': small })
  await assert.rejects(store.push('nosuch:1', {}, never), {
    code: 'IMAGE_NOT_FOUND',
    message: 'An image does not exist locally with the tag: nosuch',
  })
  const hook = registry.hook
  registry.hook = (request, response, path) => {
    if (request.method !== 'POST') return hook(request, response, path)
    fail(response, 403, 'DENIED', 'requested access to the resource is denied')
    return true
  }
  registry.owned.clear()
  await assert.rejects(store.push(`${registry.host}/a:1`, {}, never), {
    code: 'REGISTRY_UNAUTHORIZED',
    message: /^push access denied for .*\/a, .*: denied: requested access to the resource is denied$/,
  })
})

test('a layer damaged on disk is not pushed as whole', { skip }, async t => {
  const { registry, store, dataDir } = await pulled(t, { 'a:1': small })
  registry.owned.clear()
  await rm(join(dataDir, 'content/sha256', (small.layers[0] ?? '').slice(7)))
  await assert.rejects(store.push(`${registry.host}/a:1`, {}, never), { code: 'IMAGE_STORE_INVALID' })
  assert.ok(!registry.requests.includes('PUT /v2/a/manifests/1'))
})

test('rights to push and to read what is mounted are asked for together', { skip }, async t => {
  const { registry, store } = await pulled(t, { 'a:1': small })
  await tag(store, `${registry.host}/a:1`, `${registry.host}/b:1`)
  const hook = registry.hook
  registry.hook = (request, response, path) => {
    if (path.startsWith('/token')) {
      response.end(JSON.stringify({ token: 'secret' }))
      return true
    }
    if (request.headers.authorization === 'Bearer secret') return hook(request, response, path)
    const realm = `Bearer realm="${registry.url}/token",service="x",scope="repository:b:pull"`
    fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': realm })
    return true
  }
  await store.push(`${registry.host}/b:1`, {}, never)
  const [token = ''] = registry.requests.filter(request => request.includes('/token'))
  assert.deepEqual(new URL(token.slice(4), 'http://x').searchParams.getAll('scope'), [
    'repository:b:pull',
    'repository:b:pull,push',
    'repository:a:pull',
  ])
})
