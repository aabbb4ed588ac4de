import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { storedCredentials } from '../../src/engine/client/registries.ts'
import { certificatesFor } from '../../src/image/registry/certificates.ts'
import { forgetCredentials, keepCredentials } from '../../src/image/registry/credentials.ts'
import { HttpClient } from '../../src/image/registry/http.ts'
import { temporaryDirectory } from '../temporary.ts'
import { fail, startFakeRegistry } from './fake-registry.ts'
import { buildImage } from './image-builder.ts'
import { never, onDisk, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

const image = buildImage([[file('a', 'lower')], [file('b', 'upper')]], { config: { Env: ['A=1'] } })

async function withImage(t: TestContext) {
  const registry = await startFakeRegistry(t)
  registry.add('library/demo:1', image)
  registry.add('library/demo:2', image)
  const fixture = await openStore(t, { registryMirrors: [registry.url] })
  await fixture.store.pull('demo:1', {}, never)
  await fixture.store.pull('demo:2', {}, never)
  return { ...fixture, registry }
}

test('an image that was saved and loaded again is the same to the last digest', { skip }, async t => {
  const { store, dataDir } = await withImage(t)
  const before = (await onDisk(dataDir)).blobs
  const archive = await buffer(await store.save(['demo']))
  await store.remove('demo:1', { force: true })
  await store.remove('demo:2', { force: true })
  assert.deepEqual((await onDisk(dataDir)).blobs, [])
  const [loaded] = await store.load(Readable.from(archive), () => {}, never)
  assert.equal(loaded?.id, image.id)
  assert.deepEqual(loaded?.repoTags, ['demo:1', 'demo:2'], 'a repository is saved with all its tags')
  for (const digest of before) assert.ok((await onDisk(dataDir)).blobs.includes(digest))
})

test('what is saved has the names it was asked for by, and an id has none', { skip }, async t => {
  const { store } = await withImage(t)
  const tagsOf = async (...names: string[]) => {
    const archive = await buffer(await store.save(names))
    const text = execFileSync('tar', ['-xO', 'manifest.json'], { input: archive, encoding: 'utf8' })
    return JSON.parse(text).map(({ RepoTags }: { RepoTags: unknown }) => RepoTags)
  }
  assert.deepEqual(await tagsOf('demo:2'), [['demo:2']])
  assert.deepEqual(await tagsOf(image.id), [null])
  assert.deepEqual(await tagsOf('demo:1', 'demo:2', image.id), [['demo:1', 'demo:2']])
  await assert.rejects(store.save(['demo:1', 'nosuch']), { code: 'IMAGE_NOT_FOUND' })
})

test('damage is told before anything is written', { skip }, async t => {
  const { store, dataDir } = await withImage(t)
  await rm(join(dataDir, 'content/sha256', (image.layers[0] ?? '').slice(7)))
  await assert.rejects(store.save(['demo:1']), { code: 'IMAGE_STORE_INVALID' })
})

test('a login is checked with the registry', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.hook = (request, response) => {
    if (request.headers.authorization === `Basic ${Buffer.from('me:right').toString('base64')}`) response.end('{}')
    else fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="x"' })
    return true
  }
  const { store } = await openStore(t)
  const login = (password: string) =>
    store.registries.login({ username: 'me', password, serveraddress: registry.host }, never)
  await login('right')
  await assert.rejects(login('wrong'), { code: 'REGISTRY_LOGIN_REFUSED', message: /authentication required/ })
})

test('a registry without a search says so', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  const { store } = await openStore(t)
  await assert.rejects(store.registries.search(`${registry.host}/x`, 5, undefined, never), {
    code: 'REGISTRY_SEARCH_MISSING',
  })
})

test('logins are kept and forgotten, and everything else in the file stays', async t => {
  const directory = temporaryDirectory('image', t)
  const before = process.env.DOCKER_CONFIG
  process.env.DOCKER_CONFIG = directory
  t.after(() => {
    if (before === undefined) delete process.env.DOCKER_CONFIG
    else process.env.DOCKER_CONFIG = before
  })
  await writeFile(join(directory, 'config.json'), '{"detachKeys":"ctrl-e","auths":{"other":{"auth":"eDp5"}}}')
  await keepCredentials('ghcr.io', { username: 'me', password: 'p:q' }, never)
  const kept = await storedCredentials('ghcr.io', never)
  assert.deepEqual(kept, { username: 'me', password: 'p:q', serveraddress: 'ghcr.io' })
  assert.equal((await stat(join(directory, 'config.json'))).mode & 0o077, 0)
  assert.equal(await forgetCredentials('ghcr.io', never), true)
  assert.equal(await forgetCredentials('ghcr.io', never), false)
  assert.deepEqual(JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')), {
    detachKeys: 'ctrl-e',
    auths: { other: { auth: 'eDp5' } },
  })
})

test('a registry with a certificate of its own is trusted by its directory in certs.d', async t => {
  const directory = temporaryDirectory('image', t)
  const at = (name: string) => join(directory, name)
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost']
  execFileSync(
    'openssl',
    [...request, '-addext', 'subjectAltName=DNS:localhost', '-keyout', at('k'), '-out', at('c')],
    {
      stdio: 'ignore',
    },
  )
  const server = createServer({ key: readFileSync(at('k')), cert: readFileSync(at('c')) }, (_, response) =>
    response.end('{}'),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const host = `localhost:${(server.address() as AddressInfo).port}`
  const before = process.env.TSCOMPOSE_CONFIG
  process.env.TSCOMPOSE_CONFIG = at('config.json')
  t.after(() => {
    if (before === undefined) delete process.env.TSCOMPOSE_CONFIG
    else process.env.TSCOMPOSE_CONFIG = before
  })
  const ask = async () =>
    (await new HttpClient({ insecure: false }).send({ url: new URL(`https://${host}/`) }, never)).status
  await assert.rejects(ask(), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await mkdir(at(`certs.d/${host}`), { recursive: true })
  await writeFile(at(`certs.d/${host}/ca.crt`), readFileSync(at('c')))
  assert.equal(await ask(), 200)
  await writeFile(at(`certs.d/${host}/client.cert`), 'x')
  assert.throws(() => certificatesFor(host), { code: 'REGISTRY_CREDENTIALS_INVALID', message: /no client\.key/ })
})
