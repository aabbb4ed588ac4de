import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Digest } from '../../src/image/image.ts'
import { never, nothing, onDisk, openStore } from './store-fixture.ts'
import { file, tar } from './tar-builder.ts'
import { sha256 } from './unpack-fixture.ts'

const skip = process.getuid?.() !== 0 && 'unpacking layers needs root'
const layer = tar(file('etc/motd', 'hello'))
const diffId = sha256(layer)
const configuration = (diffIds: readonly Digest[]) =>
  JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: diffIds } })

test('an image is made of a layer that was written here', { skip }, async t => {
  const { store, reopen } = await openStore(t)
  const { workshop } = store
  {
    await using lease = workshop.lease()
    await using blob = await workshop.createBlob()
    await blob.append(layer)
    const { digest, size } = await blob.commit()
    await lease.hold([digest])
    const { directory } = await workshop.unpack(digest, size, never)
    assert.equal(readFileSync(join(workshop.path(directory), 'etc/motd'), 'utf8'), 'hello')
    const image = await workshop.addImage({ configuration: configuration([digest]), names: ['made', 'made:2'] })
    assert.deepEqual(image.repoTags, ['made:2', 'made:latest'])
    assert.deepEqual(image.layers, [diffId])
  }
  assert.ok(await store.find('made'), 'it stays when the lease ends')
  assert.ok(await (await reopen()).find('made:2'), 'and for the next engine')
})

test('what was adopted stays only if its owner says so to the next engine', { skip }, async t => {
  const { store, dataDir } = await openStore(t)
  const made = (name: string) => {
    const path = join(dataDir, '..', name)
    mkdirSync(path)
    writeFileSync(join(path, 'f'), name)
    return path
  }
  const kept = await store.workshop.adopt(made('kept'))
  const lost = await store.workshop.adopt(made('lost'))
  assert.deepEqual((await onDisk(dataDir)).layers, [kept, lost].sort())
  const retained = { directories: new Set([kept]), layers: new Map() }
  const { openImageStore } = await import('../../src/image/store.ts')
  const next = await openImageStore({ dataDir, registryMirrors: [], insecureRegistries: [], retained })
  assert.deepEqual((await onDisk(dataDir)).layers, [kept])
  await next.workshop.remove(kept)
  assert.deepEqual(await onDisk(dataDir), nothing)
})
