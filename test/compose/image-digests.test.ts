import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageDigests, imagesIn, imagesOnly, withImages } from '../../src/compose/image-digests.ts'
import type { Engine } from '../../src/engine/api.ts'
import { TscomposeError } from '../../src/errors.ts'

const digest = `sha256:${'ab'.repeat(32)}`
const other = `sha256:${'cd'.repeat(32)}`
const signal = new AbortController().signal

function registry() {
  const asked: string[] = []
  const engine = {
    distributionInspect: async (name: string) => {
      asked.push(name)
      if (name === 'gone') throw new TscomposeError('REGISTRY_NOT_FOUND', 'manifest unknown')
      return { Descriptor: { mediaType: '', digest, size: 1 }, Platforms: [] }
    },
  } as Partial<Engine> as Engine
  return { engine, asked }
}

test('tags get the digests of their registries, each asked for once; names with a digest are not asked for', async () => {
  const { engine, asked } = registry()
  const model: { name: string; services: Record<string, { image?: string; tty?: boolean; build?: string }> } = {
    name: 'demo',
    services: {
      b: { image: 'nginx:alpine', tty: true },
      a: { image: 'nginx:alpine' },
      c: { image: `ghcr.io/x/y:1@${other}` },
      d: { build: '.' },
      e: { image: 'rootfs:/' },
    },
  }
  const found = await imageDigests(engine, imagesIn(model), signal)
  assert.deepEqual(asked, ['nginx:alpine'])
  const pinned = withImages(model, found)
  assert.deepEqual(pinned.services.b, { image: `docker.io/library/nginx:alpine@${digest}`, tty: true })
  assert.deepEqual(pinned.services.c, { image: `ghcr.io/x/y@${other}` })
  assert.equal(pinned.name, 'demo')
  assert.deepEqual(imagesOnly(pinned), {
    services: {
      a: { image: `docker.io/library/nginx:alpine@${digest}` },
      b: { image: `docker.io/library/nginx:alpine@${digest}` },
      c: { image: `ghcr.io/x/y@${other}` },
      d: {},
      e: { image: 'rootfs:/' },
    },
  })
})

test('an image that has no digest is named in the error', async () => {
  await assert.rejects(imageDigests(registry().engine, ['gone'], signal), {
    code: 'REGISTRY_NOT_FOUND',
    message: 'failed to resolve digest for gone: manifest unknown',
  })
})
