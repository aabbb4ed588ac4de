import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { chainIds } from '../../src/image/chain-id.ts'
import type { ImageStoreOptions } from '../../src/image/image.ts'
import { temporaryDirectory } from '../temporary.ts'
import { buildImage, layoutArchive } from './image-builder.ts'
import { never, nothing, onDisk, openStore, type Store } from './store-fixture.ts'
import { directory, file, symlink } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

const image = buildImage([[file('a', 'x')], [file('b', 'yy')]])
const archive = layoutArchive(image, [{ 'io.containerd.image.name': 'demo:1' }])

async function loaded(t: TestContext, options: Partial<ImageStoreOptions> = {}): Promise<Store> {
  const opened = await openStore(t, options)
  await opened.store.load(Readable.from([archive]), () => {}, never)
  return opened
}

test('an image is removed with all that was its own, and its lines are those of docker rmi', { skip }, async t => {
  const { store, dataDir } = await loaded(t)
  await store.tag('demo:1', 'other:2')
  assert.deepEqual(await store.remove('demo:1', { force: false }), [{ Untagged: 'demo:1' }])
  const [lower, upper] = chainIds(image.diffIds)
  assert.deepEqual(await store.remove('other:2', { force: false }), [
    { Untagged: 'other:2' },
    { Deleted: image.id },
    { Deleted: upper },
    { Deleted: lower },
  ])
  assert.deepEqual(await store.list(), [])
  assert.deepEqual(await onDisk(dataDir), nothing)
  await assert.rejects(store.remove('demo:1', { force: true }), {
    code: 'IMAGE_NOT_FOUND',
    message: 'No such image: demo:1',
  })
})

test('sizes count the files of all layers', { skip }, async t => {
  const { store } = await loaded(t)
  assert.equal((await store.find('demo:1'))?.size, 3)
})

test('the next engine finds the same images, and clears away what an interrupted pull left', { skip }, async t => {
  const { store, dataDir, reopen } = await loaded(t)
  const before = await store.list()
  const disk = await onDisk(dataDir)
  await mkdir(join(dataDir, 'layers/.0123456789abcdef/half'), { recursive: true })
  await mkdir(join(dataDir, 'layers/deadbeef'))
  await writeFile(join(dataDir, 'content/partial/0123'), 'half')
  await writeFile(join(dataDir, 'content/sha256', 'f'.repeat(64)), 'nobody has it')
  await writeFile(join(dataDir, 'images.json.new'), '{"half')
  const again = await reopen()
  assert.deepEqual(await again.list(), before)
  assert.deepEqual(await onDisk(dataDir), disk)
})

test('an image of which a layer is gone from the disk counts as not there', { skip }, async t => {
  const { store, dataDir, reopen } = await loaded(t)
  const [upper = ''] = store.lowerdirs((await store.find('demo:1')) ?? assert.fail())
  await rm(upper, { recursive: true })
  const again = await reopen()
  assert.deepEqual(await again.list(), [])
  assert.deepEqual(await onDisk(dataDir), nothing)
  await again.load(Readable.from([archive]), () => {}, never)
  assert.ok(await again.find('demo:1'))
})

const damaged = {
  'no JSON': '{',
  empty: '',
  'without images': '{"version":1,"layers":{}}',
  'with a directory elsewhere': JSON.stringify({
    version: 1,
    images: {},
    names: {},
    layers: { [image.id]: { directory: '../../etc', size: 1, blob: {} } },
  }),
}
for (const [what, text] of Object.entries(damaged))
  test(`a state that is ${what} is set aside, and its copy is taken`, { skip }, async t => {
    const reports: string[] = []
    const { dataDir, reopen, store } = await loaded(t, { report: message => reports.push(message) })
    const before = (await store.list()).map(({ id, repoTags }) => [id, repoTags])
    const file = join(dataDir, 'images.json')
    await writeFile(file, text)
    const again = await reopen()
    assert.deepEqual(
      (await again.list()).map(({ id, repoTags }) => [id, repoTags]),
      before,
    )
    const [, setAside = ''] = /set aside as (\S+):/.exec(reports.join('\n')) ?? []
    assert.equal(await readFile(setAside, 'utf8'), text)
    assert.equal((await onDisk(dataDir)).layers.length, 2, 'nothing is removed')
  })

test('where the copy is damaged as well, all content is set aside, and the store begins anew', { skip }, async t => {
  const { dataDir, reopen } = await loaded(t)
  const layers = (await onDisk(dataDir)).layers
  for (const name of ['images.json', 'images.json.copy']) await writeFile(join(dataDir, name), 'x')
  assert.deepEqual(await (await reopen()).list(), [])
  const [aside = ''] = globSync('layers.damaged-*', { cwd: dataDir })
  assert.deepEqual(readdirSync(join(dataDir, aside)).sort(), layers)
})

test('a state of another version is left alone', { skip }, async t => {
  const { dataDir, reopen } = await loaded(t)
  await writeFile(join(dataDir, 'images.json'), '{"version":3}')
  await assert.rejects(reopen(), { code: 'IMAGE_STORE_INVALID' })
  assert.equal((await onDisk(dataDir)).layers.length, 2, 'nothing is removed')
})

test('layers can be read by nobody but root', { skip }, async t => {
  const { dataDir } = await loaded(t)
  for (const path of ['', 'layers', 'content']) assert.equal(statSync(join(dataDir, path)).mode & 0o777, 0o700)
})

test('a layer is removed while a hostile one of its files points outside', { skip }, async t => {
  const { store, dataDir } = await openStore(t)
  const outside = temporaryDirectory('image', t)
  await writeFile(join(outside, 'safe'), 'x')
  const hostile = buildImage([[directory('d'), symlink('d/out', outside), symlink('root', '/')]])
  await store.load(Readable.from([layoutArchive(hostile, [{ 'io.containerd.image.name': 'bad:1' }])]), () => {}, never)
  await store.remove('bad:1', { force: false })
  assert.deepEqual(await onDisk(dataDir), nothing)
  assert.ok(existsSync(join(outside, 'safe')))
})

test('rootfs: is a directory of the machine as it is', { skip }, async t => {
  const { store } = await openStore(t)
  const path = temporaryDirectory('image', t)
  const rootfs = await store.find(`rootfs:${path}/`)
  assert.partialDeepStrictEqual(rootfs, { rootfs: path, layers: [], repoTags: [`rootfs:${path}`] })
  assert.deepEqual(rootfs?.config.Env, ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'])
  assert.deepEqual(store.lowerdirs(rootfs ?? assert.fail()), [path])
  assert.equal((await store.find('rootfs:/'))?.rootfs, '/')
  assert.notEqual((await store.find('rootfs:/'))?.id, rootfs?.id)
  assert.deepEqual(await store.pull(`rootfs:${path}`, {}, never), rootfs)
  assert.deepEqual(await store.list(), [])
  await writeFile(join(path, 'file'), '')
  for (const missing of [`rootfs:${path}/nothing`, `rootfs:${path}/file`])
    await assert.rejects(store.find(missing), { code: 'IMAGE_ROOTFS_MISSING' })
  await assert.rejects(store.find('rootfs:relative'), { code: 'IMAGE_REFERENCE_INVALID' })
  await assert.rejects(store.tag(`rootfs:${path}`, 'x'), { code: 'IMAGE_CONFLICT' })
  await assert.rejects(store.remove(`rootfs:${path}`, { force: true }), { code: 'IMAGE_CONFLICT' })
  assert.ok(existsSync(path))
})

test('many changes at the same time all count', { skip }, async t => {
  const { store, reopen } = await loaded(t)
  const tags = Array.from({ length: 20 }, (_, i) => `many:${i}`)
  await Promise.all(tags.map(tag => store.tag('demo:1', tag)))
  await Promise.all(tags.slice(0, 10).map(tag => store.remove(tag, { force: false })))
  assert.deepEqual((await (await reopen()).find('demo:1'))?.repoTags, ['demo:1', ...tags.slice(10)].sort())
})

test('the processes that unpack end by themselves', { skip }, async t => {
  const { store } = await loaded(t)
  assert.ok(store)
  const running = () =>
    readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
      .split(' ')
      .filter(pid => pid && isUnpacker(pid))
  while (running().length > 0) await setTimeout(50)
})
const isUnpacker = (pid: string): boolean => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('unpack')
  } catch {
    return false
  }
}
