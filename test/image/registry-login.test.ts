import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseChallenges } from '../../src/image/registry/challenge.ts'
import { storedCredentials } from '../../src/image/registry/credentials.ts'
import { endpointsOf } from '../../src/image/registry/endpoints.ts'
import { backOffMs } from '../../src/image/registry/retry.ts'
import { temporaryDirectory } from '../temporary.ts'
import { fail, startFakeRegistry } from './fake-registry.ts'
import { buildImage } from './image-builder.ts'
import { never, openStore } from './store-fixture.ts'
import { file } from './tar-builder.ts'
import { skip } from './unpack-fixture.ts'

const image = buildImage([[file('a', 'x')]])
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

/** A configuration of Docker's own, for the time of a test. @param programs credential helpers by their name */
async function dockerConfig(
  t: TestContext,
  config: object | string,
  programs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const directory = temporaryDirectory('image', t)
  await writeFile(join(directory, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  await mkdir(join(directory, 'bin'))
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(directory, 'bin', name), `#!/bin/sh\n${script}\n`)
    await chmod(join(directory, 'bin', name), 0o755)
  }
  const { DOCKER_CONFIG, PATH } = process.env
  process.env.DOCKER_CONFIG = directory
  process.env.PATH = `${join(directory, 'bin')}:${PATH}`
  t.after(() => {
    if (DOCKER_CONFIG === undefined) delete process.env.DOCKER_CONFIG
    else process.env.DOCKER_CONFIG = DOCKER_CONFIG
    process.env.PATH = PATH
  })
}

/** A registry that wants a token from its realm, and gives one to whom `accepts` says. */
async function tokenRegistry(t: TestContext, accepts: (authorization: string, form: string) => boolean) {
  const registry = await startFakeRegistry(t)
  registry.add('team/demo:1', image)
  registry.hook = (request, response, path) => {
    if (path.startsWith('/token')) {
      let form = ''
      request.setEncoding('utf8').on('data', text => {
        form += text
      })
      request.on('end', () => {
        if (!accepts(request.headers.authorization ?? '', form))
          return fail(response, 401, 'UNAUTHORIZED', 'incorrect username or password')
        response.end(JSON.stringify({ token: 'secret' }))
      })
      return true
    }
    if (request.headers.authorization === 'Bearer secret') return false
    const realm = `Bearer realm="${registry.url}/token",service="the registry",scope="repository:team/demo:pull"`
    fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': realm })
    return true
  }
  return registry
}

test('a token is fetched without a login where that is enough', { skip }, async t => {
  await dockerConfig(t, {})
  const registry = await tokenRegistry(t, authorization => authorization === '')
  const { store } = await openStore(t)
  await store.pull(`${registry.host}/team/demo:1`, {}, never)
  const tokens = registry.requests.filter(request => request.includes('/token'))
  assert.deepEqual(tokens, ['GET /token?service=the+registry&scope=repository%3Ateam%2Fdemo%3Apull'])
})

test('a token is fetched with the login that came with the request', { skip }, async t => {
  await dockerConfig(t, {})
  const registry = await tokenRegistry(t, authorization => authorization === basic('me', 'pass:word'))
  const { store } = await openStore(t)
  const name = `${registry.host}/team/demo:1`
  await assert.rejects(store.pull(name, { auth: { username: 'me', password: 'wrong' } }, never), {
    code: 'REGISTRY_UNAUTHORIZED',
    message: /incorrect username or password/,
  })
  await store.pull(name, { auth: { username: 'me', password: 'pass:word' } }, never)
})

test('a token is fetched with an identity token', { skip }, async t => {
  await dockerConfig(t, {})
  const registry = await tokenRegistry(t, (_, form) => new URLSearchParams(form).get('refresh_token') === 'identity')
  const { store } = await openStore(t)
  await store.pull(`${registry.host}/team/demo:1`, { auth: { identitytoken: 'identity' } }, never)
})

test('a basic login is taken from the configuration of Docker', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.add('team/demo:1', image)
  registry.hook = (request, response) => {
    if (request.headers.authorization === basic('me', 'password')) return false
    fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="x"' })
    return true
  }
  const { store } = await openStore(t)
  const name = `${registry.host}/team/demo:1`
  await dockerConfig(t, {})
  await assert.rejects(store.pull(name, {}, never), {
    code: 'REGISTRY_UNAUTHORIZED',
    message: /pull access denied for .*team\/demo, repository does not exist or may require 'docker login'/,
  })
  await dockerConfig(t, { auths: { [registry.host]: { auth: Buffer.from('me:password').toString('base64') } } })
  await store.pull(name, {}, never)
})

test('a rate limit is told as one, with its end, and not tried again', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  registry.hook = (_, response) => {
    fail(response, 429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit', { 'retry-after': '3600' })
    return true
  }
  const { store } = await openStore(t)
  await assert.rejects(store.pull(`${registry.host}/a:1`, {}, never), {
    code: 'REGISTRY_RATE_LIMITED',
    message: /toomanyrequests: You have reached your pull rate limit/,
    fix: /Try again after 20\d\d-/,
  })
  assert.equal(registry.requests.length, 1)
})

test('a login is not sent on to another host by a redirect', { skip }, async t => {
  await dockerConfig(t, {})
  const storage = await startFakeRegistry(t)
  const registry = await startFakeRegistry(t)
  registry.add('team/demo:1', image)
  let leaked: string | undefined
  storage.hook = (request, response, path) => {
    leaked = request.headers.authorization
    response.end(registry.blobs.get(path.slice(1)))
    return true
  }
  registry.hook = (request, response, path) => {
    if (request.headers.authorization === undefined) {
      fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="x"' })
      return true
    }
    const digest = /blobs\/(.*)/.exec(path)?.[1]
    if (digest === undefined) return false
    response.writeHead(307, { location: `http://localhost:${new URL(storage.url).port}/${digest}` })
    response.end()
    return true
  }
  const { store } = await openStore(t)
  await store.pull(`${registry.host}/team/demo:1`, { auth: { username: 'me', password: 'secret' } }, never)
  assert.equal(storage.requests.length, 2)
  assert.equal(leaked, undefined)
})

test('a host that a redirect leads to asks for the login in vain', { skip }, async t => {
  await dockerConfig(t, {})
  const storage = await startFakeRegistry(t)
  const registry = await startFakeRegistry(t)
  registry.add('team/demo:1', image)
  const asked: (string | undefined)[] = []
  storage.hook = (request, response) => {
    asked.push(request.headers.authorization)
    const realm = `Bearer realm="http://localhost:${new URL(storage.url).port}/token",service="x"`
    fail(response, 401, 'UNAUTHORIZED', 'give it to me', { 'www-authenticate': realm })
    return true
  }
  registry.hook = (_request, response, path) => {
    if (!path.includes('/blobs/')) return false
    response.writeHead(307, { location: `http://localhost:${new URL(storage.url).port}/blob` }).end()
    return true
  }
  const { store } = await openStore(t)
  const auth = { username: 'me', password: 'secret' }
  await assert.rejects(store.pull(`${registry.host}/team/demo:1`, { auth }, never), { code: 'REGISTRY_UNAUTHORIZED' })
  assert.ok(asked.length > 0)
  assert.deepEqual(new Set(asked), new Set([undefined]))
})

test('a mirror that fails leaves the pull to the next endpoint', { skip }, async t => {
  const [empty, full] = [await startFakeRegistry(t), await startFakeRegistry(t)]
  full.add('library/demo:1', image)
  const { store } = await openStore(t, { registryMirrors: ['http://127.0.0.1:1', empty.url, full.url] })
  assert.equal((await store.pull('demo:1', {}, never)).id, image.id)
  assert.deepEqual(empty.requests, ['GET /v2/library/demo/manifests/1'])
})

test('what no registry has is told in the words of Docker', { skip }, async t => {
  const registry = await startFakeRegistry(t)
  const { store } = await openStore(t)
  await assert.rejects(store.pull(`${registry.host}/demo:1`, {}, never), {
    code: 'REGISTRY_NOT_FOUND',
    message: `manifest for ${registry.host}/demo:1 not found: manifest unknown: unknown`,
  })
})

test('a registry that is not there', { skip }, async t => {
  const { store } = await openStore(t)
  await assert.rejects(store.pull('127.0.0.1:1/demo:1', {}, never), {
    code: 'REGISTRY_UNREACHABLE',
    message: /cannot reach 127.0.0.1:1: .*ECONNREFUSED/,
  })
})

const answers: [string, object, Record<string, string>, string, object | undefined][] = [
  ['no login', {}, {}, 'ghcr.io', undefined],
  [
    'a login',
    { auths: { 'ghcr.io': { auth: 'bWU6cDpx' } } },
    {},
    'ghcr.io',
    { username: 'me', password: 'p:q', serveraddress: 'ghcr.io' },
  ],
  [
    'an old entry with a URL',
    { auths: { 'https://ghcr.io/v1/': { auth: 'bWU6cA==' } } },
    {},
    'ghcr.io',
    { username: 'me', password: 'p', serveraddress: 'ghcr.io' },
  ],
  [
    'Docker Hub',
    { auths: { 'https://index.docker.io/v1/': { auth: 'bWU6cA==' } } },
    {},
    'docker.io',
    { username: 'me', password: 'p', serveraddress: 'https://index.docker.io/v1/' },
  ],
  [
    'an identity token',
    { auths: { 'ghcr.io': { identitytoken: 'x' } } },
    {},
    'ghcr.io',
    { identitytoken: 'x', serveraddress: 'ghcr.io' },
  ],
  [
    'a store',
    { credsStore: 'test' },
    { 'docker-credential-test': 'read s; echo "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$s\\"}"' },
    'ghcr.io',
    { username: 'get', password: 'ghcr.io', serveraddress: 'ghcr.io' },
  ],
  [
    'a helper of one registry',
    { credsStore: 'no', credHelpers: { 'ghcr.io': 'test' } },
    { 'docker-credential-test': 'echo \'{"Username":"<token>","Secret":"t"}\'' },
    'ghcr.io',
    { identitytoken: 't', serveraddress: 'ghcr.io' },
  ],
  [
    'a store without that login',
    { credsStore: 'test' },
    { 'docker-credential-test': 'echo credentials not found in native keychain; exit 1' },
    'ghcr.io',
    undefined,
  ],
]
for (const [what, config, programs, domain, login] of answers)
  test(`stored logins: ${what}`, async t => {
    await dockerConfig(t, config, programs)
    assert.deepEqual(await storedCredentials(domain, never), login)
  })

for (const [what, config, programs] of [
  ['no JSON', '{', {}],
  ['a helper that fails', { credsStore: 'test' }, { 'docker-credential-test': 'echo locked; exit 1' }],
  ['a helper that is missing', { credsStore: 'none' }, {}],
  ['auths that are a list', { auths: [] }, {}],
] as const)
  test(`stored logins that cannot be read: ${what}`, async t => {
    await dockerConfig(t, config, programs)
    await assert.rejects(storedCredentials('ghcr.io', never), { code: 'REGISTRY_CREDENTIALS_INVALID' })
  })

test('challenges are parsed, several too', () => {
  assert.deepEqual(parseChallenges('Bearer realm="https://a/t?x=1,2",service=reg, Basic realm="a \\"b\\""'), [
    { scheme: 'bearer', parameters: { realm: 'https://a/t?x=1,2', service: 'reg' } },
    { scheme: 'basic', parameters: { realm: 'a "b"' } },
  ])
  assert.deepEqual(parseChallenges(''), [])
})

const options = {
  registryMirrors: ['https://mirror.example/', 'http://10.0.0.1:5000'],
  insecureRegistries: ['10.0.0.0/8', 'registry.local', 'other:5000'],
}
for (const [domain, expected] of [
  ['docker.io', ['https://mirror.example/', 'http://10.0.0.1:5000/', 'https://registry-1.docker.io/']],
  ['ghcr.io', ['https://ghcr.io/']],
  ['localhost:5000', ['https://localhost:5000/', 'http://localhost:5000/']],
  ['127.1.2.3:5000', ['https://127.1.2.3:5000/', 'http://127.1.2.3:5000/']],
  ['[::1]:5000', ['https://[::1]:5000/', 'http://[::1]:5000/']],
  ['10.9.8.7', ['https://10.9.8.7/', 'http://10.9.8.7/']],
  ['11.9.8.7', ['https://11.9.8.7/']],
  ['registry.local:443', ['https://registry.local/', 'http://registry.local:443/']],
  ['other:5000', ['https://other:5000/', 'http://other:5000/']],
  ['other:5001', ['https://other:5001/']],
] as const)
  test(`${domain} is asked for at ${expected.join(', then ')}`, () =>
    assert.deepEqual(
      endpointsOf(domain, options).map(({ url }) => url.href),
      expected,
    ))

test('a mirror that is no URL is refused', () => {
  for (const mirror of ['127.0.0.1:5000', 'ftp://x/', ''])
    assert.throws(() => endpointsOf('docker.io', { registryMirrors: [mirror], insecureRegistries: [] }), {
      code: 'REGISTRY_ERROR',
    })
})

test('the wait before another attempt grows, up to a limit', () =>
  assert.deepEqual(
    [0, 1, 2, 5, 50].map(failures => backOffMs(failures, 0.5)),
    [250, 500, 1000, 8000, 8000],
  ))
