import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { temporaryDirectory } from '../temporary.ts'
import { buildImage } from './image-builder.ts'
import { never, nothing, onDisk, openStore } from './store-fixture.ts'
import { file, tar } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

/** Layers so large that they are unpacked before the archive has told what they are. */

const large = (name: string) => tar(file(name, randomBytes(2 * 1024 * 1024)), file(`${name}-end`, name))
const [first, second, stray] = [large('first'), large('second'), large('stray')]
const image = buildImage([first, second])
const config = image.blobs.get(image.id) ?? assert.fail()

/** As docker save writes it, but with another file that looks like a layer. */
const archive = (layers: readonly Buffer[], names: readonly string[]) =>
  tar(
    ...layers.map((layer, index) => file(`${index}/layer.tar`, layer)),
    file('stray/layer.tar', stray),
    file('config.json', config),
    file('manifest.json', JSON.stringify([{ Config: 'config.json', RepoTags: ['ahead:1'], Layers: names }])),
  )
const both = ['0/layer.tar', '1/layer.tar']
const pieces = (bytes: Buffer, size = 64 * 1024) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

for (const [what, layers] of [
  ['not compressed', [first, second]],
  ['compressed', [gzipSync(first), gzipSync(second)]],
] as const)
  test(`large layers, ${what}, and of what is no layer nothing is left`, { skip }, async t => {
    const { store, dataDir } = await openStore(t)
    const [loaded] = await store.load(Readable.from(pieces(archive(layers, both))), () => {}, never)
    assert.deepEqual(loaded?.layers, image.diffIds)
    const directories = store.lowerdirs(loaded ?? assert.fail())
    assert.equal(readFileSync(join(directories[0] ?? '', 'second-end'), 'utf8'), 'second')
    assert.equal(readFileSync(join(directories[1] ?? '', 'first-end'), 'utf8'), 'first')
    const { layers: kept, blobs, partial } = await onDisk(dataDir)
    assert.deepEqual([kept.length, blobs.length, partial], [2, 4, []], 'two layers, a configuration and a manifest')
  })

test('of a large layer that is announced as another one nothing is left', { skip }, async t => {
  const { store, dataDir } = await openStore(t)
  await assert.rejects(
    store.load(Readable.from(pieces(archive([first, stray], both))), () => {}, never),
    { code: 'IMAGE_DIGEST_MISMATCH' },
  )
  assert.deepEqual(await onDisk(dataDir), nothing)
})

test('of large layers that no manifest names nothing is left', { skip }, async t => {
  const { store, dataDir } = await openStore(t)
  await assert.rejects(
    store.load(Readable.from(pieces(archive([first, second], ['0/layer.tar']))), () => {}, never),
    { code: 'IMAGE_ARCHIVE_INVALID' },
  )
  assert.deepEqual(await onDisk(dataDir), nothing)
})

test('an archive that breaks off within a large layer leaves nothing, and can be loaded afterwards', {
  skip,
}, async t => {
  const { store, dataDir } = await openStore(t)
  const whole = pieces(archive([first, second], both))
  await assert.rejects(
    store.load(Readable.from(whole.slice(0, 50)), () => {}, never),
    { code: 'IMAGE_ARCHIVE_INVALID', message: /truncated/ },
  )
  assert.deepEqual(await onDisk(dataDir), nothing)
  const [loaded] = await store.load(Readable.from(whole), () => {}, never)
  assert.equal(loaded?.id, image.id)
})

test('an engine killed in the middle of a load leaves nothing that the next one takes for whole', { skip }, async t => {
  const { dataDir, reopen } = await openStore(t)
  const bytes = archive([first, second], both)
  const part = join(temporaryDirectory('image', t), 'part.tar')
  writeFileSync(part, bytes.subarray(0, 3_500_000))
  const store = new URL('../../src/image/store.ts', import.meta.url)
  const script = `const { openImageStore } = await import('${store}')
    const { readFileSync } = await import('node:fs')
    const { Readable } = await import('node:stream')
    const store = await openImageStore(${JSON.stringify({ dataDir, registryMirrors: [], insecureRegistries: [] })})
    setInterval(() => {}, 1000) // something to live for while nothing comes
    const archive = new Readable({ read() {} })
    archive.push(readFileSync('${part}'))
    await store.load(archive, () => {}, new AbortController().signal)`
  const engine = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const layers = join(dataDir, 'layers')
  while (!readdirSync(layers).some(name => existsSync(join(layers, name, 'second')))) await setTimeout(10)
  engine.kill('SIGKILL')
  await once(engine, 'exit')
  const again = await reopen()
  assert.deepEqual(await again.list(), [])
  assert.deepEqual(await onDisk(dataDir), nothing)
  const [loaded] = await again.load(Readable.from(pieces(bytes)), () => {}, never)
  assert.equal(loaded?.id, image.id)
})
