import assert from 'node:assert/strict'
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { buildImage, layoutArchive } from './image-builder.ts'
import { never, onDisk, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

const image = buildImage([[file('a', 'of the lower')], [file('b', 'of the upper')]])
const archive = layoutArchive(image, [{ 'io.containerd.image.name': 'docker.io/library/demo:1' }])
const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** A store with the image, and what stands in its images.json. */
async function loaded(t: TestContext) {
  const reports: string[] = []
  const fixture = await openStore(t, { report: message => void reports.push(message) })
  await fixture.store.load(Readable.from([archive]), () => {}, never)
  const path = join(fixture.dataDir, 'images.json')
  const layers = () =>
    Object.values(JSON.parse(readFileSync(path, 'utf8')).layers) as { boot?: string; directory: string }[]
  return { ...fixture, reports, path, layers }
}

/** As if another boot had been the one in which the layers were unpacked, and as if the power had failed then. */
function loseLayers({ path, dataDir, layers }: Awaited<ReturnType<typeof loaded>>): void {
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(bootId, 'another boot'))
  for (const { directory } of layers())
    for (const name of readdirSync(join(dataDir, 'layers', directory)))
      truncateSync(join(dataDir, 'layers', directory, name), 0)
}

test('a layer says in which boot it was unpacked until it is on the disk', { skip }, async t => {
  const { store, layers, reopen } = await loaded(t)
  assert.deepEqual(
    layers().map(({ boot }) => boot),
    [bootId, bootId],
  )
  await store.workshop.sync()
  assert.deepEqual(
    layers().map(({ boot }) => boot),
    [undefined, undefined],
  )
  assert.ok(await (await reopen()).find('demo:1'))
})

test('layers that may have gone with the power are unpacked again', { skip }, async t => {
  const fixture = await loaded(t)
  loseLayers(fixture)
  const store = await fixture.reopen()
  const found = (await store.find('demo:1')) ?? assert.fail('the image is gone')
  const [upper = '', lower = ''] = store.lowerdirs(found)
  assert.equal(readFileSync(join(upper, 'b'), 'utf8'), 'of the upper')
  assert.equal(readFileSync(join(lower, 'a'), 'utf8'), 'of the lower')
  assert.match(fixture.reports.join(), /2 layers .* unpacked them again/)
  assert.deepEqual(
    fixture.layers().map(({ boot }) => boot),
    [bootId, bootId],
    'and count as just written',
  )
  assert.equal((await onDisk(fixture.dataDir)).layers.length, 2)
})

test('an image whose archives have gone, too, is not there: a pull makes it whole', { skip }, async t => {
  const fixture = await loaded(t)
  loseLayers(fixture)
  truncateSync(join(fixture.dataDir, 'content/sha256', (image.layers[1] ?? '').slice(7)), 0)
  const store = await fixture.reopen()
  assert.equal(await store.find('demo:1'), undefined)
  assert.match(fixture.reports.join(), /is not complete any more/)
  await store.load(Readable.from([archive]), () => {}, never)
  assert.ok(await store.find('demo:1'))
})
