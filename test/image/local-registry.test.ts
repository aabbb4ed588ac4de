import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { never, openStore } from './store-fixture.ts'
import { skip } from './unpack-fixture.ts'

test('pulls from a real registry as a mirror of docker.io', { skip }, async t => {
  const script = fileURLToPath(new URL('../images/registry', import.meta.url))
  const registry = spawn(script, ['run', 'busybox', 'alpine'], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(async () => {
    registry.stdin.end()
    await once(registry, 'exit')
  })
  const [url] = (await once(createInterface(registry.stdout), 'line')) as [string]
  const { store, lines, onProgress } = await openStore(t, { registryMirrors: [url] })
  const busybox = await store.pull('busybox', { onProgress }, never)
  assert.equal(lines.at(-1), 'Status: Downloaded newer image for busybox:latest')
  assert.deepEqual(busybox.config.Cmd, ['sh'])
  lines.length = 0
  const alpine = await store.pull('alpine:3.20', { onProgress }, never)
  assert.ok(
    lines.some(line => line.endsWith('Already exists')),
    'the layer of busybox is there',
  )
  const [upper = '', lower = ''] = store.lowerdirs(alpine)
  assert.deepEqual(store.lowerdirs(busybox), [lower])
  assert.ok(lstatSync(join(lower, 'bin/busybox')).isFile())
  assert.ok(lstatSync(join(upper, 'etc/alpine-release')).isFile())
  await assert.rejects(store.pull('alpine:no-such-tag', {}, never), {
    code: 'REGISTRY_NOT_FOUND',
    message: 'manifest for alpine:no-such-tag not found: manifest unknown: manifest unknown',
  })
})
