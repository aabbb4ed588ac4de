import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildDefaults, buildServices } from '../../src/compose/build/build.ts'
import { renderBuilds, withBuilt } from '../../src/compose/plan/builds.ts'
import type { Engine } from '../../src/engine/api.ts'
import { TscomposeError } from '../../src/errors.ts'
import { project, service } from './projects.ts'

test('a dry run tells what would be built, in which order and why', () => {
  const parent = service('parent', { image: 'parent:1', build: { context: '/parent' } })
  const contexts = { base: 'service:parent' }
  const child = service('child', { image: 'child:1', build: { context: '/child', additional_contexts: contexts } })
  const again = service('again', { image: 'again:1', build: { context: '/again' } })
  const all = project([parent, child, again])
  const images = { 'parent:1': { id: 'sha256:1', volumes: [] }, 'again:1': { id: 'sha256:2', volumes: [] } }
  assert.equal(
    renderBuilds(all, [child, again], images),
    `#1 buildImage parent:1: another image is made of it
[1] -> #2 buildImage child:1: it has not been built
#3 buildImage again:1: a build was asked for
`,
  )
  const built = withBuilt(all, [child, again], images)
  assert.deepEqual([built['child:1']?.id, built['again:1']?.id], ['', 'sha256:2'])
})

test('a build that fails outside a Dockerfile says which service it is of', async () => {
  const web = service('web', { build: { context: '/gone' } })
  const engine = {
    imageBuild: () => Promise.reject(new TscomposeError('BUILD_CONTEXT_INVALID', 'path /gone not found')),
  } as unknown as Engine
  const { signal } = new AbortController()
  await assert.rejects(
    buildServices(engine, project([web]), [web], buildDefaults, () => {}, signal),
    {
      code: 'BUILD_CONTEXT_INVALID',
      message: 'service "web": path /gone not found',
    },
  )
})
