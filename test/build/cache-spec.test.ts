import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cacheConfiguration, stepsOf } from '../../src/build/transfer/document.ts'
import { parseCacheSource, parseCacheTarget } from '../../src/build/transfer/spec.ts'
import { absoluteCache } from '../../src/compose/build/cache-spec.ts'

test('a reference alone is an image, which may be here', () =>
  assert.deepEqual(parseCacheSource('registry.example/app:cache'), {
    type: 'registry',
    reference: 'registry.example/app:cache',
    mayBeHere: true,
  }))

test('fields say where a cache is', () => {
  assert.deepEqual(parseCacheSource('type=local,src=/cache,tag=main'), {
    type: 'local',
    directory: '/cache',
    tag: 'main',
  })
  assert.deepEqual(parseCacheTarget('type=registry,ref=r/a,mode=max,oci-mediatypes=true'), {
    type: 'registry',
    reference: 'r/a',
    all: true,
    mayFail: false,
  })
  assert.deepEqual(parseCacheTarget('type=inline'), { type: 'inline' })
})

for (const [text, message] of [
  ['type=s3,bucket=x', /type is registry, local or inline, not "s3"/],
  ['type=local,dest=/x,compression=zstd', /"compression=zstd" is not supported/],
  ['type=registry', /ref is missing/],
  ['type=local,dest=/x,mode=most', /mode is min or max/],
] as const)
  test(`${text} is refused`, () =>
    assert.throws(() => parseCacheTarget(text), { code: 'BUILD_CACHE_INVALID', message }))

test('only paths of a local cache are made absolute', () => {
  assert.equal(absoluteCache('type=local,src=a/b', '/home'), 'type=local,src=/home/a/b')
  assert.equal(absoluteCache('type=registry,ref=a/b', '/home'), 'type=registry,ref=a/b')
})

test('steps come out of a configuration as they went in; what is none of ours is none at all', () => {
  const step = {
    key: 'a'.repeat(64),
    id: 'one',
    created: '2001-09-09T01:46:40.000Z',
    diffId: `sha256:${'b'.repeat(64)}`,
  } as const
  const platform = { os: 'linux', architecture: 'amd64' }
  assert.deepEqual(stepsOf(cacheConfiguration([step], platform)), [step])
  assert.equal(stepsOf('{"config":{}}'), undefined)
  const damaged = cacheConfiguration([step], platform).replace(step.key, 'x')
  assert.deepEqual(stepsOf(damaged), [])
})
