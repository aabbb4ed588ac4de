import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { connectEngine } from '../../src/engine/client/remote-engine.ts'
import { TscomposeError } from '../../src/errors.ts'
import { startFakeRegistry } from '../image/fake-registry.ts'
import { buildImage } from '../image/image-builder.ts'
import { file, tar } from '../image/tar-builder.ts'
import { newMachine, skip } from './machine.ts'

const never = new AbortController().signal

async function drained(lines: Promise<AsyncIterable<unknown>>): Promise<void> {
  for await (const _ of await lines) {
  }
}

/** What is done, or the code of why it is not. */
const outcome = <T>(work: Promise<T>): Promise<T | string> =>
  work.catch(error => (error instanceof TscomposeError ? error.code : Promise.reject(error)))

test('what is about to be used is not removed, whoever comes first', { skip, timeout: 120_000 }, async t => {
  const registry = await startFakeRegistry(t)
  const layers = [tar(file('a', 'x'.repeat(100_000))), tar(file('b', 'y'))]
  registry.add('team/app:1', buildImage(layers))
  registry.add('team/app:2', buildImage([...layers, tar(file('c', 'z'))]))
  const machine = await newMachine(t)
  await machine.ok(['engine', 'start'])
  using engine = await connectEngine({ socketPath: machine.socket })
  const name = (tag: string) => `${registry.host}/team/app:${tag}`
  const pull = (tag: string) => drained(engine.imagePull(name(tag), {}, never))
  const prune = () => engine.imagePrune({ filters: { dangling: ['false'] } })
  const store = (what: string) => readdirSync(join(machine.dir, 'data/images', what)).filter(one => one[0] !== '.')
  const clear = async () => {
    for (const { Id } of await engine.containerList({ all: true })) await engine.containerDelete(Id, { force: true })
    await prune()
    assert.deepEqual([await engine.imageList(), store('layers'), store('content/sha256')], [[], [], []])
  }

  await t.test('a container that is being made, against prune and rm', async () => {
    let made = 0
    for (let round = 0; round < 20; round++) {
      await pull('1')
      const removal: Promise<object> = round % 2 ? prune() : engine.imageDelete(name('1'))
      const creation = engine.containerCreate(undefined, { Image: name('1'), Cmd: ['x'] })
      const [created, removed] = await Promise.all([outcome(creation), outcome(removal)])
      if (typeof created === 'string') assert.equal(created, 'ENGINE_IMAGE_NOT_FOUND')
      else {
        made++
        const { Image } = await engine.containerInspect(created.Id)
        assert.equal((await engine.imageInspect(Image)).Id, Image, `${round}: ${JSON.stringify(removed)}`)
        await engine.containerDelete(created.Id)
      }
    }
    t.diagnostic(`${made} of 20 containers were faster`)
    await clear()
  })
  await t.test('pulls of images that share layers, against prune', async () => {
    for (let round = 0; round < 8; round++) {
      await Promise.all([pull('1'), pull('2'), prune(), pull('1'), prune()])
      await pull('1')
      const { RootFS, GraphDriver } = await engine.imageInspect(name('1'))
      assert.equal(RootFS.Layers.length, 2)
      for (const layer of GraphDriver.Data?.LowerDir?.split(':') ?? []) assert.ok(readdirSync(layer).length > 0)
      await prune()
    }
    await clear()
  })
  await t.test('a tag that moves leaves the old image to its container', async () => {
    await pull('1')
    const { Id } = await engine.containerCreate(undefined, { Image: name('1'), Cmd: ['x'] })
    const { Image } = await engine.containerInspect(Id)
    await pull('2')
    await engine.imageTag(name('2'), `${registry.host}/team/app`, '1')
    await prune()
    assert.deepEqual((await engine.imageInspect(Image)).RepoTags, [])
    assert.equal(await outcome(engine.imageDelete(Image, { force: true })), 'ENGINE_IMAGE_IN_USE')
    await engine.containerDelete(Id)
    await prune()
    assert.equal(await outcome(engine.imageInspect(Image)), 'ENGINE_IMAGE_NOT_FOUND')
    await clear()
  })
  await t.test('save and build, against rm', async () => {
    for (let round = 0; round < 10; round++) {
      await pull('1')
      const DockerfileInline = `FROM ${name('1')}\nCOPY --from=${name('1')} a /copied-${round}\n`
      const build = drained(engine.imageBuild({ DockerfileInline, Tags: ['built'] }, {}, never))
      const save = engine.imageSave([name('1')]).then(archive => Readable.from(archive).toArray())
      const all = await Promise.all([
        outcome(build),
        outcome(save),
        outcome(engine.imageDelete(name('1'), { force: true })),
      ])
      const [built, saved] = all
      if (built === undefined) assert.equal((await engine.imageInspect('built')).RootFS.Layers.length, 3)
      if (typeof saved === 'string') assert.equal(saved, 'IMAGE_NOT_FOUND')
      await prune()
    }
    await engine.buildPrune({ all: true })
    await clear()
  })
})
