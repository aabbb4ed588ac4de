import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { zstdCompressSync } from 'node:zlib'
import type { ImageProgress } from '../../src/image/image.ts'
import { offline } from '../../src/offline.ts'
import { fail, startFakeRegistry } from './fake-registry.ts'
import { buildImage, buildIndex } from './image-builder.ts'
import { never, nothing, onDisk, openStore } from './store-fixture.ts'
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

test('layers compressed with zstd', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', buildImage([[file('a', 'zstd')]], { compress: zstdCompressSync }))
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  const [directory = ''] = store.lowerdirs(await store.pull('demo:1', {}, never))
  assert.equal(readFileSync(join(directory, 'a'), 'utf8'), 'zstd')
})

test('a broken download goes on where it broke', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  let breaks = 0
  registry.hook = (request, response, path) => {
    if (!path.endsWith(layer) || breaks === 3) return false
    breaks++
    const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 && range) })
    response.write(bytes.subarray(from, from + 500_000), () => response.destroy())
    return true
  }
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  const [directory = ''] = store.lowerdirs(await store.pull('big:1', {}, never))
  assert.equal(readFileSync(join(directory, 'random')).length, 2_000_000)
  const ranges = registry.requests
    .filter(request => request.includes(layer))
    .map(request => Number(/bytes=(\d+)/.exec(request)?.[1] ?? 0))
  assert.equal(ranges.length, 4)
  assert.ok(
    ranges.every((from, i) => i === 0 || from > (ranges[i - 1] ?? 0)),
    `each begins later: ${ranges}`,
  )
})

test('a registry that ignores ranges is read again from the start', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  let first = true
  registry.hook = (_, response, path) => {
    if (!path.endsWith(layer)) return false
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    response.writeHead(200, { 'content-length': bytes.length })
    if (first) response.write(bytes.subarray(0, 700_000), () => response.destroy())
    else response.end(bytes)
    first = false
    return true
  }
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  assert.equal((await store.pull('big:1', {}, never)).id, big.id)
})

test('errors of the server that pass are tried again', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', image)
  const seen = new Set<string>()
  registry.hook = (_, response, path) => {
    if (seen.has(path)) return false
    seen.add(path)
    fail(response, 503, 'UNAVAILABLE', 'in a moment')
    return true
  }
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  assert.equal((await store.pull('demo:1', {}, never)).id, image.id)
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

test('who gives up does not take the work from who does not', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  const asked = Promise.withResolvers<() => void>()
  registry.hook = (_, response, path) => {
    if (!path.endsWith(layer)) return false
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 1_000_000))
    asked.resolve(() => response.end(bytes.subarray(1_000_000)))
    return true
  }
  const { store, dataDir } = await openStore(t, { registryMirrors: [registry.url] })
  const giveUp = new AbortController()
  const first = store.pull('big:1', {}, giveUp.signal)
  const sendRest = await asked.promise
  const joined = Promise.withResolvers<void>()
  const onProgress = ({ status }: ImageProgress) => {
    if (status === 'Pulling fs layer') joined.resolve()
  }
  const second = store.pull('big:1', { onProgress }, never)
  await joined.promise
  giveUp.abort(new Error('enough'))
  await assert.rejects(first, /enough/)
  sendRest()
  assert.equal((await second).id, big.id)
  assert.equal((await onDisk(dataDir)).layers.length, 1)
})

test('a pull that is given up leaves nothing, and the next one succeeds', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const { store, dataDir } = await openStore(t, { registryMirrors: [registry.url] })
  for (const when of ['manifests', big.id, big.layers[0] ?? '']) {
    const giveUp = new AbortController()
    registry.hook = (_, response, path) => {
      if (!path.includes(when)) return false
      response.writeHead(200, { 'content-length': 1000 })
      response.write('x', () => giveUp.abort(new Error(`enough at ${when}`)))
      return true
    }
    await assert.rejects(store.pull('big:1', {}, giveUp.signal), { message: `enough at ${when}` })
    assert.deepEqual(await onDisk(dataDir), nothing)
  }
  registry.hook = () => false
  assert.equal((await store.pull('big:1', {}, never)).id, big.id)
})

test('an engine killed in the middle of a pull leaves nothing that the next one takes for whole', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  const { dataDir, reopen } = await openStore(t, { registryMirrors: [registry.url] })
  const arrived = Promise.withResolvers<void>()
  registry.hook = (_, response, path) => {
    if (!path.endsWith(layer)) return false
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 1_500_000), () => arrived.resolve())
    return true
  }
  const store = new URL('../../src/image/store.ts', import.meta.url)
  const options = { dataDir, registryMirrors: [registry.url], insecureRegistries: [] }
  const script = `const { openImageStore } = await import('${store}')
    const store = await openImageStore(${JSON.stringify(options)})
    await store.pull('big:1', {}, new AbortController().signal)`
  const engine = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await arrived.promise
  const layers = join(dataDir, 'layers')
  while (!readdirSync(layers).some(name => existsSync(join(layers, name, 'random')))) await setTimeout(10)
  engine.kill('SIGKILL')
  await once(engine, 'exit')
  const again = await reopen()
  assert.deepEqual(await again.list(), [])
  assert.deepEqual(await onDisk(dataDir), nothing)
  registry.hook = () => false
  assert.equal((await again.pull('big:1', {}, never)).id, big.id)
})

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
