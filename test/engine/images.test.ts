import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { JSONMessage } from '../../src/engine/api.ts'
import type { Image, ImageStore, ListedImage } from '../../src/image/image.ts'
import { Bench, create, run, skip } from './fixture.ts'

const nobody = new AbortController().signal

/** A bench on which `store` answers for the images instead. */
async function benchWith(store: Partial<ImageStore>): Promise<Bench> {
  const bench = await Bench.make()
  const open = bench.layers.open.bind(bench.layers)
  bench.layers.open = () => {
    const layers = open()
    return { ...layers, images: Object.assign(Object.create(layers.images), store) }
  }
  return bench
}

const image = (id: string, repoTags: string[], created: string, more: Partial<Image> = {}): ListedImage => {
  const one: Image = {
    id: `sha256:${id.repeat(64)}`,
    repoTags,
    repoDigests: [],
    config: { Labels: { v: id } },
    platform: { os: 'linux', architecture: 'amd64' },
    created: new Date(created),
    size: 5,
    layers: [],
    history: [],
    ...more,
  }
  return { ...one, target: one.id, variants: [one] }
}
const alpine = image('a', ['alpine:3', 'mirror/alpine:3'], '2026-01-01')
const nginx = image('b', ['nginx:latest'], '2026-02-01')
const dangling = image('c', [], '2026-03-01')
const find = async (reference: string) =>
  [alpine, nginx, dangling].find(({ id, repoTags }) => repoTags.includes(reference) || id === reference)

async function messages(stream: AsyncIterable<JSONMessage>): Promise<JSONMessage[]> {
  const all: JSONMessage[] = []
  for await (const message of stream) all.push(message)
  return all
}

test('the list of images and its filters', { skip }, async () => {
  await using bench = await benchWith({ list: async () => [alpine, nginx, dangling], find })
  await using engine = await bench.open()
  const ids = async (filters: Record<string, string[]>) => (await engine.imageList({ filters })).map(({ Id }) => Id)
  assert.deepEqual(await ids({}), [dangling.id, nginx.id, alpine.id])
  assert.deepEqual(await ids({ dangling: ['true'] }), [dangling.id])
  assert.deepEqual(await ids({ reference: ['*/alpine'] }), [alpine.id])
  assert.deepEqual(await ids({ reference: ['nginx', 'alpine:*'] }), [nginx.id, alpine.id])
  const [named] = await engine.imageList({ filters: { reference: ['*/alpine'] } })
  assert.deepEqual(named?.RepoTags, ['mirror/alpine:3'])
  await assert.rejects(ids({ since: ['nope'] }), { message: 'No such image: nope:latest' })
  assert.deepEqual(await ids({ label: ['v=b'] }), [nginx.id])
  assert.deepEqual(await ids({ since: ['alpine:3'], before: [dangling.id] }), [nginx.id])
})

test('a pull tells its progress line by line, ends with it, and throws what it throws', { skip }, async () => {
  await using bench = await benchWith({
    pull: async (reference, { onProgress }) => {
      if (reference === 'nope') throw new Error('no such repository')
      onProgress?.({ status: 'Pulling from library/alpine', id: '3' })
      await sleep(5)
      onProgress?.({ status: 'Download complete', id: 'abc' })
      return alpine
    },
  })
  await using engine = await bench.open()
  const lines = await messages(await engine.imagePull('alpine:3', {}, nobody))
  assert.deepEqual(
    lines.map(({ status }) => status),
    ['Pulling from library/alpine', 'Download complete'],
  )
  await assert.rejects(messages(await engine.imagePull('nope', {}, nobody)), { message: 'no such repository' })
  await assert.rejects(messages(await engine.imagePull('x', { platform: 'no/such/plat/form' }, nobody)), {
    code: 'ENGINE_REQUEST_INVALID',
  })
})

test('a pull that nobody listens to any more is given up', { skip }, async () => {
  const given = Promise.withResolvers<void>()
  await using bench = await benchWith({
    pull: (_, { onProgress }, signal) => {
      onProgress?.({ status: 'begun' })
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          given.resolve()
          reject(signal.reason)
        }),
      )
    },
  })
  await using engine = await bench.open()
  for await (const _ of await engine.imagePull('alpine', {}, nobody)) break
  await given.promise
})

test('loading tells what was loaded', { skip }, async () => {
  await using bench = await benchWith({ load: async () => [alpine, dangling] })
  await using engine = await bench.open()
  assert.deepEqual(await messages(await engine.imageLoad(new PassThrough().end(), nobody)), [
    { stream: 'Loaded image: alpine:3\n' },
    { stream: 'Loaded image: mirror/alpine:3\n' },
    { stream: `Loaded image ID: ${dangling.id}\n` },
  ])
})

test('an image is kept as long as a container needs it, a further name is not', { skip }, async () => {
  const removed: string[] = []
  let used: Image['id'] = 'sha256:'
  await using bench = await benchWith({
    remove: async (reference, { judge }) => {
      removed.push(`${reference}: ${judge?.({ ...alpine, id: used })}`)
      return [{ Untagged: reference }]
    },
  })
  const config = {}
  bench.layers.configs.set('web:1', config)
  await using engine = await bench.open()
  const id = await run(engine, bench, ['sleep', '1000'], { Image: 'web:1' })
  const { Image } = await engine.containerInspect(id)
  used = Image as typeof used
  await assert.rejects(engine.imageDelete(Image, { force: true }), {
    code: 'ENGINE_IMAGE_IN_USE',
    message: `conflict: unable to delete ${Image} (cannot be forced) - image is being used by running container ${id.slice(0, 12)}`,
  })
  assert.deepEqual(await engine.imageDelete('web:1', { force: true }), [{ Untagged: 'web:1' }])
  await engine.containerStop(id)
  await assert.rejects(engine.imageDelete('web:1'), {
    message: new RegExp(
      `^conflict: unable to remove repository reference "web:1" \\(must force\\) - container ${id.slice(0, 12)} `,
    ),
  })
  await engine.containerDelete(id)
  assert.deepEqual(await engine.imageDelete('web:1'), [{ Untagged: 'web:1' }])
  assert.deepEqual(removed, ['web:1: keep', 'web:1: delete'])
  await assert.rejects(engine.imageDelete('gone'), { code: 'ENGINE_IMAGE_NOT_FOUND' })
})

test('an image of several names asked for by id is removed only by force', { skip }, async () => {
  await using bench = await benchWith({ find, remove: async () => [] })
  await using engine = await bench.open()
  await assert.rejects(engine.imageDelete(alpine.id), {
    message: `conflict: unable to delete ${alpine.id} (must be forced) - image is referenced in multiple repositories`,
  })
  await engine.imageDelete(alpine.id, { force: true })
  await engine.imageDelete('alpine:3')
})

test('a container of the wrong platform is refused', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const request = { Image: bench.image, Cmd: ['true'] }
  await assert.rejects(engine.containerCreate('web', request, 'linux/s390x'), { code: 'ENGINE_IMAGE_NOT_FOUND' })
  await create(engine, bench, ['true'])
})
