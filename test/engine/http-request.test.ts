import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json } from '../../src/engine/http/answer.ts'
import { parseVersionedPath } from '../../src/engine/http/api-version.ts'
import { defined, Query } from '../../src/engine/http/query.ts'
import { containerCreateRequest, execConfig } from '../../src/engine/http/requests.ts'
import { route, routerOf } from '../../src/engine/http/router.ts'

const invalid = { code: 'ENGINE_REQUEST_INVALID' }

test('a path with a version is split', () => {
  assert.deepEqual(parseVersionedPath('/v1.24/containers/json'), { path: '/containers/json', minor: 24 })
  assert.deepEqual(parseVersionedPath('/v1.51/_ping'), { path: '/_ping', minor: 51 })
})
test('a path without a version speaks the newest one', () =>
  assert.deepEqual(parseVersionedPath('/volumes'), { path: '/volumes', minor: 51 }))

for (const [path, message] of [
  ['/v1.52/info', 'client version 1.52 is too new. Maximum supported API version is 1.51'],
  ['/v2.0/info', 'client version 2.0 is too new. Maximum supported API version is 1.51'],
  [
    '/v1.23/info',
    'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  ],
] as const)
  test(`${path} is refused in dockerd's words`, () =>
    assert.throws(() => parseVersionedPath(path), { code: 'ENGINE_API_VERSION', message }))

test('every word but those for no is true', () => {
  for (const yes of ['1', 'true', 'True', 'TRUE', 'yes', 't'])
    assert.equal(new Query(`all=${yes}`).boolean('all'), true)
  for (const no of ['', '0', 'false', 'False', 'no', 'none']) assert.equal(new Query(`all=${no}`).boolean('all'), false)
  assert.equal(new Query('').boolean('all'), undefined)
})

test('numbers are whole', () => {
  assert.equal(new Query('t=-1').integer('t'), -1)
  assert.equal(new Query('t=').integer('t'), undefined)
  assert.throws(() => new Query('t=1.5').integer('t'), invalid)
  assert.throws(() => new Query('t=ten').integer('t'), invalid)
})

test('filters come as a map or as lists', () => {
  const filters = (value: unknown) => new Query(`filters=${encodeURIComponent(JSON.stringify(value))}`).filters()
  const expected = { label: ['a=b', 'c'], status: ['running'] }
  assert.deepEqual(filters({ label: { 'a=b': true, c: true }, status: { running: true } }), expected)
  assert.deepEqual(filters(expected), expected)
  assert.equal(new Query('filters=').filters(), undefined)
  for (const wrong of ['x', [], { label: 'a' }, { label: [1] }, null]) assert.throws(() => filters(wrong), invalid)
  assert.throws(() => new Query('filters={').filters(), invalid)
})

test('absent parameters leave no trace in options', () =>
  assert.deepEqual(Object.keys(defined({ a: undefined, b: false, c: 0 })), ['b', 'c']))

const found = (name: string) => () => json(name)
const find = routerOf(
  [
    route('GET', '/images/json', found('list')),
    route('GET', '/images/{name}/json', found('inspect')),
    route('POST', '/images/{name}/tag', found('tag')),
    route('DELETE', '/images/{name}', found('delete')),
  ],
  [route('GET', '/images/{name}/history', found('history'))],
)
const answerOf = (method: string, path: string) => {
  const { handle, params } = find(method, path)
  return [(handle as unknown as () => { value: unknown })().value, params]
}

test('names of images may have slashes, plain and encoded', () => {
  assert.deepEqual(answerOf('GET', '/images/json'), ['list', {}])
  assert.deepEqual(answerOf('GET', '/images/localhost:5000/a/b:1/json'), ['inspect', { name: 'localhost:5000/a/b:1' }])
  assert.deepEqual(answerOf('GET', '/images/a%2Fb/json'), ['inspect', { name: 'a/b' }])
  assert.deepEqual(answerOf('DELETE', '/images/a/b@sha256:0'), ['delete', { name: 'a/b@sha256:0' }])
  assert.deepEqual(answerOf('GET', '/images/a/history'), ['history', { name: 'a' }])
})
test('what no route has is not found', () => {
  for (const [method, path] of [
    ['PUT', '/images/json'],
    ['GET', '/images'],
    ['GET', '/images/a/json/'],
    ['GET', '/'],
  ] as const)
    assert.throws(() => find(method, path), { code: 'ENGINE_ENDPOINT_NOT_FOUND', message: 'page not found' })
})
test('a path that is not properly encoded is refused', () =>
  assert.throws(() => find('GET', '/images/%zz/json'), invalid))

test('a body keeps the known fields; null and unknown ones are as good as absent', () =>
  assert.deepEqual(
    containerCreateRequest(
      {
        Image: 'busybox',
        Cmd: null,
        Entrypoint: 'sh',
        OnBuild: null,
        Volumes: { '/data': {}, '/more': null },
        HostConfig: { Binds: null, PidsLimit: 0, PortBindings: { '80/tcp': [{ HostPort: '8080' }], '81/tcp': null } },
        NetworkingConfig: { EndpointsConfig: { a: null, b: { Aliases: ['x'], Links: null } } },
      },
      '',
    ),
    {
      Image: 'busybox',
      Entrypoint: ['sh'],
      Volumes: { '/data': {}, '/more': {} },
      HostConfig: { PidsLimit: 0, PortBindings: { '80/tcp': [{ HostPort: '8080' }], '81/tcp': null } },
      NetworkingConfig: { EndpointsConfig: { a: {}, b: { Aliases: ['x'] } } },
    },
  ))

for (const [wrong, words] of [
  [{ Image: 'a', Env: 'A=1' }, /Env must be a list, not "A=1"/],
  [{ Image: 'a', HostConfig: { Memory: '1g' } }, /HostConfig\.Memory must be a whole number, not "1g"/],
  [
    { Image: 'a', HostConfig: { Mounts: [{ Type: 1, Target: '/' }] } },
    /HostConfig\.Mounts\[0\]\.Type must be a string, not 1/,
  ],
  [
    { Image: 'a', HostConfig: { PortBindings: { '80/tcp': [{ HostPort: 80 }] } } },
    /PortBindings\.80\/tcp\[0\]\.HostPort/,
  ],
  [{ Image: 'a', Labels: { a: 1 } }, /Labels\.a must be a string, not 1/],
  [{}, /Image must be given/],
  [[], /the body must be an object/],
] as const)
  test(`a body that is wrong is refused with the path of the field: ${words.source}`, () =>
    assert.throws(() => containerCreateRequest(wrong, ''), { ...invalid, message: words }))

test('a command may be a string', () => assert.deepEqual(execConfig({ Cmd: 'ls' }, ''), { Cmd: ['ls'] }))
