import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../temporary.ts'
import { fail, startFakeRegistry } from './fake-registry.ts'
import { makeCertificates, startProxy, tlsFront } from './fronts.ts'
import { buildImage } from './image-builder.ts'
import { startPushTarget } from './push-target.ts'
import { never, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

const image = buildImage([[file('a', 'x')], [file('b', 'y')]])

/** Variables of the environment for the time of a test; those that are undefined are not set. */
function withEnvironment(t: TestContext, variables: Readonly<Record<string, string | undefined>>): void {
  const before = Object.fromEntries(Object.keys(variables).map(name => [name, process.env[name]]))
  const set = (values: typeof variables) => {
    for (const [name, value] of Object.entries(values))
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
  set(variables)
  t.after(() => set(before))
}

/** A registry behind TLS by the name `registry.test`, which only those with a certificate may use, and the way there. */
async function guardedRegistry(t: TestContext) {
  const directory = temporaryDirectory('image', t)
  const read = makeCertificates(join(directory, 'made'), 'registry.test', 'me')
  const registry = await startFakeRegistry(t)
  registry.add('demo:1', image)
  const key = { key: read('registry.test.key'), cert: read('registry.test.crt') }
  const port = await tlsFront(t, registry.url, { ...key, ca: read('ca.crt'), requestCert: true })
  const proxy = await startProxy(t, registry.url, { 'registry.test:443': port })
  withEnvironment(t, {
    ...{ HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: undefined },
    ...{ https_proxy: undefined, http_proxy: undefined, no_proxy: undefined },
    TSCOMPOSE_CONFIG: join(directory, 'config.json'),
    DOCKER_CONFIG: directory,
  })
  const certificates = join(directory, 'certs.d/registry.test')
  await mkdir(certificates, { recursive: true })
  return { registry, proxy, read, keep: (name: string, bytes: Buffer) => writeFile(join(certificates, name), bytes) }
}

test('a registry of a company: through a proxy, by its own authority, with a certificate to show', {
  skip,
}, async t => {
  const { proxy, read, keep } = await guardedRegistry(t)
  const pull = async () => (await (await openStore(t)).store.pull('registry.test/demo:1', {}, never)).id
  await assert.rejects(pull(), { code: 'REGISTRY_UNREACHABLE', message: /certificate/ })
  await keep('ca.crt', read('ca.crt'))
  await keep('client.cert', read('me.crt'))
  await keep('client.key', read('me.key'))
  assert.equal(await pull(), image.id)
  assert.deepEqual([...new Set(proxy.requests)], ['CONNECT registry.test:443'])
})

test('a registry without TLS is asked through a proxy, too', { skip }, async t => {
  const { registry, proxy } = await guardedRegistry(t)
  const { store } = await openStore(t, { insecureRegistries: ['plain.test'] })
  assert.equal((await store.pull('plain.test/demo:1', {}, never)).id, image.id)
  assert.equal(proxy.requests[0], 'CONNECT plain.test:443', 'TLS first')
  assert.ok(proxy.requests.includes('GET http://plain.test/v2/demo/manifests/1'))
  await store.pull(`${registry.host}/demo:1`, {}, never)
  assert.ok(!proxy.requests.some(request => request.includes('127.0.0.1')), 'not for this machine')
})

test('what NO_PROXY names is asked without', { skip }, async t => {
  const { proxy } = await guardedRegistry(t)
  process.env.NO_PROXY = 'other.example,.test'
  const { store } = await openStore(t)
  await assert.rejects(store.pull('registry.test/demo:1', {}, never), { code: 'REGISTRY_UNREACHABLE' })
  assert.deepEqual(proxy.requests, [])
})

test('insecure-registries: listed ones without TLS or a certificate that is known, no others', { skip }, () => {
  const child = fileURLToPath(new URL('insecure-child.ts', import.meta.url))
  const script = `ip link set lo up && ip address add 10.9.9.9/32 dev lo && exec "$0" "$1"`
  const { stdout, stderr } = spawnSync('unshare', ['-n', 'sh', '-c', script, process.execPath, child], {
    encoding: 'utf8',
  })
  assert.deepEqual(
    stdout.trim().split('\n'),
    [
      ...['0 plain REGISTRY_UNREACHABLE', '0 tls REGISTRY_UNREACHABLE'],
      ...['1 plain pulled', '1 tls pulled'],
      ...['2 plain pulled', '2 tls REGISTRY_UNREACHABLE'],
    ],
    stderr,
  )
})

test('a rate limit says what is allowed, as Docker Hub tells it', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.hook = (_, response) => {
    const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600', 'ratelimit-reset': '60' }
    fail(response, 429, 'TOOMANYREQUESTS', 'You have reached your unauthenticated pull rate limit.', headers)
    return true
  }
  const { store } = await openStore(t)
  await assert.rejects(store.pull(`${registry.host}/a:1`, {}, never), {
    code: 'REGISTRY_RATE_LIMITED',
    fix: /^Try again after 20\d\d-.*Z, or log in: .* It allows 100 in 6 h\.$/,
  })
  assert.equal(registry.requests.length, 1, 'it is not asked again')
})

test('a foreign layer comes from where its maker has it, and is not pushed', { skip }, async t => {
  const maker = await startFakeRegistry(t)
  const registry = await startPushTarget(t)
  const [own = '', foreign = ''] = image.layers
  const layer = (digest: string, more: object) => ({ digest, size: image.blobs.get(digest as never)?.length, ...more })
  const made = buildImage([[file('a', 'x')], [file('b', 'y')]], {
    manifest: {
      layers: [
        layer(own, { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' }),
        layer(foreign, {
          mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
          urls: ['ftp://nowhere/', `${maker.url}/layer`],
        }),
      ],
    },
  })
  registry.add('demo:1', made)
  const bytes = registry.blobs.get(foreign)
  registry.blobs.delete(foreign)
  maker.hook = (_, response, path) => {
    if (path !== '/layer') return false
    response.end(bytes)
    return true
  }
  const { store, lines, onProgress } = await openStore(t)
  await store.pull(`${registry.host}/demo:1`, {}, never)
  assert.deepEqual(maker.requests, ['GET /layer'])
  await store.tag(`${registry.host}/demo:1`, `${registry.host}/other:1`)
  registry.owned.add(`other ${foreign}`) // a registry does not ask for what has URLs
  await store.push(`${registry.host}/other:1`, { onProgress }, never)
  assert.ok(lines.some(line => line.endsWith('Skipped foreign layer')))
  assert.equal(registry.blobs.has(foreign), false)
})
