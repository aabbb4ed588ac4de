import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ImageProgress } from '../../src/image/image.ts'
import { fail, startFakeRegistry } from './fake-registry.ts'
import { buildImage } from './image-builder.ts'
import { never, nothing, onDisk, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

const image = buildImage([[file('etc/name', 'lower')], [file('etc/name', 'upper')]], { config: { Env: ['A=1'] } })
const big = buildImage([[file('random', randomBytes(2_000_000))]])

test('a broken download goes on where it broke', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  let breaks = 0
  registry.hook = (request, response, path) => {
    if (!path.endsWith(layer) || breaks === 3) return false
    breaks++
    const from = Number(/\d+/.exec(request.headers.range ?? '0')?.[0])
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...(from > 0 && range) })
    response.write(bytes.subarray(from, from + 500_000), () => response.destroy())
    return true
  }
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  const [directory = ''] = store.lowerdirs(await store.pull('big:1', {}, never))
  assert.equal(readFileSync(join(directory, 'random')).length, 2_000_000)
  const ranges = registry.requests
    .filter(request => request.includes(layer))
    .map(request => Number(/bytes=(\d+)/.exec(request)?.[1] ?? 0))
  assert.equal(ranges.length, 4)
  assert.ok(
    ranges.every((from, i) => i === 0 || from > (ranges[i - 1] ?? 0)),
    `each begins later: ${ranges}`,
  )
})

test('a registry that ignores ranges is read again from the start', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  let first = true
  registry.hook = (_, response, path) => {
    if (!path.endsWith(layer)) return false
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    response.writeHead(200, { 'content-length': bytes.length })
    if (first) response.write(bytes.subarray(0, 700_000), () => response.destroy())
    else response.end(bytes)
    first = false
    return true
  }
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  assert.equal((await store.pull('big:1', {}, never)).id, big.id)
})

test('errors of the server that pass are tried again', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', image)
  const seen = new Set<string>()
  registry.hook = (_, response, path) => {
    if (seen.has(path)) return false
    seen.add(path)
    fail(response, 503, 'UNAVAILABLE', 'in a moment')
    return true
  }
  const { store } = await openStore(t, { registryMirrors: [registry.url] })
  assert.equal((await store.pull('demo:1', {}, never)).id, image.id)
})

test('who gives up does not take the work from who does not', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  const asked = Promise.withResolvers<() => void>()
  registry.hook = (_, response, path) => {
    if (!path.endsWith(layer)) return false
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 1_000_000))
    asked.resolve(() => response.end(bytes.subarray(1_000_000)))
    return true
  }
  const { store, dataDir } = await openStore(t, { registryMirrors: [registry.url] })
  const giveUp = new AbortController()
  const first = store.pull('big:1', {}, giveUp.signal)
  const sendRest = await asked.promise
  const joined = Promise.withResolvers<void>()
  const onProgress = ({ status }: ImageProgress) => {
    if (status === 'Pulling fs layer') joined.resolve()
  }
  const second = store.pull('big:1', { onProgress }, never)
  await joined.promise
  giveUp.abort(new Error('enough'))
  await assert.rejects(first, /enough/)
  sendRest()
  assert.equal((await second).id, big.id)
  assert.equal((await onDisk(dataDir)).layers.length, 1)
})

test('a pull that is given up leaves nothing, and the next one succeeds', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const { store, dataDir } = await openStore(t, { registryMirrors: [registry.url] })
  for (const when of ['manifests', big.id, big.layers[0] ?? '']) {
    const giveUp = new AbortController()
    registry.hook = (_, response, path) => {
      if (!path.includes(when)) return false
      response.writeHead(200, { 'content-length': 1000 })
      response.write('x', () => giveUp.abort(new Error(`enough at ${when}`)))
      return true
    }
    await assert.rejects(store.pull('big:1', {}, giveUp.signal), { message: `enough at ${when}` })
    assert.deepEqual(await onDisk(dataDir), nothing)
  }
  registry.hook = () => false
  assert.equal((await store.pull('big:1', {}, never)).id, big.id)
})

test('an engine killed in the middle of a pull leaves nothing that the next one takes for whole', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('library/big:1', big)
  const [layer = ''] = big.layers
  const { dataDir, reopen } = await openStore(t, { registryMirrors: [registry.url] })
  const arrived = Promise.withResolvers<void>()
  registry.hook = (_, response, path) => {
    if (!path.endsWith(layer)) return false
    const bytes = registry.blobs.get(layer) ?? assert.fail()
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, 1_500_000), () => arrived.resolve())
    return true
  }
  const store = new URL('../../src/image/store.ts', import.meta.url)
  const options = { dataDir, registryMirrors: [registry.url], insecureRegistries: [] }
  const script = `const { openImageStore } = await import('${store}')
    const store = await openImageStore(${JSON.stringify(options)})
    await store.pull('big:1', {}, new AbortController().signal)`
  const engine = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await arrived.promise
  const layers = join(dataDir, 'layers')
  while (!readdirSync(layers).some(name => existsSync(join(layers, name, 'random')))) await setTimeout(10)
  engine.kill('SIGKILL')
  await once(engine, 'exit')
  const again = await reopen()
  assert.deepEqual(await again.list(), [])
  assert.deepEqual(await onDisk(dataDir), nothing)
  registry.hook = () => false
  assert.equal((await again.pull('big:1', {}, never)).id, big.id)
})
