import assert from 'node:assert/strict'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { test } from 'node:test'
import { http } from '../../src/engine/http/node-http.ts'
import { TscomposeError } from '../../src/errors.ts'
import { readAll, type Served, serve } from './served.ts'

interface Got {
  readonly status: number | undefined
  readonly headers: Record<string, unknown>
  readonly text: string
}

/** A request as another client would send it. */
async function ask(
  served: Served,
  method: string,
  path: string,
  body?: string,
  type = 'application/json',
): Promise<Got> {
  const headers = body === undefined ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }
  const request = http.request({ socketPath: served.socketPath, method, path, headers, agent: false })
  request.end(body)
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, text: await readAll(response) }
}

test('only the owner can open the socket', async () => {
  await using served = await serve()
  assert.equal((await stat(served.socketPath)).mode & 0o777, 0o600)
})

test('ping tells clients what they negotiate with', async () => {
  await using served = await serve({ systemPing: async () => undefined })
  const get = await ask(served, 'GET', '/_ping')
  assert.equal(get.text, 'OK')
  const head = await ask(served, 'HEAD', '/_ping')
  assert.equal(head.text, '')
  for (const { status, headers } of [get, head]) {
    assert.equal(status, 200)
    assert.equal(headers['api-version'], '1.51')
    assert.equal(headers['docker-experimental'], 'false')
    assert.equal(headers.ostype, 'linux')
    assert.match(String(headers.server), /^tscompose\/\d/)
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  }
})

test('a version that the server does not speak is refused, and it says which it does', async () => {
  await using served = await serve()
  const { status, headers, text } = await ask(served, 'GET', '/v1.99/info')
  assert.equal(status, 400)
  assert.equal(headers['api-version'], '1.51')
  assert.match(JSON.parse(text).message, /^client version 1\.99 is too new/)
})

test('errors have a message, a code, and what to do', async () => {
  await using served = await serve({
    containerStop: () => Promise.reject(new TscomposeError('ENGINE_CONTAINER_STATE', 'no', { fix: 'wait' })),
  })
  const { status, text } = await ask(served, 'POST', '/containers/1/stop')
  assert.equal(status, 409)
  assert.deepEqual(JSON.parse(text), { message: 'no', code: 'ENGINE_CONTAINER_STATE', fix: 'wait' })
  assert.deepEqual(served.faults, [])
})

const noManager =
  'This node is not a swarm manager. ' +
  'Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'

for (const [method, path, status, message] of [
  ['GET', '/nothing', 404, 'page not found'],
  ['POST', '/containers/json', 404, 'page not found'],
  ['GET', '/containers/abc/checkpoints', 501, 'not supported yet: GET /containers/{id}/checkpoints'],
  [
    ...(['DELETE', '/containers/abc/checkpoints/one', 501] as const),
    'not supported yet: DELETE /containers/{id}/checkpoints/{checkpoint}',
  ],
  ['POST', '/containers/abc/start?checkpoint=one', 501, 'not supported yet: checkpoints of containers'],
  ['PUT', '/volumes/v', 503, 'volume update only valid for cluster volumes, but swarm is unavailable'],
  ['GET', '/v1.41/nodes/a', 503, noManager],
  ['POST', '/secrets/create', 503, noManager],
  ['POST', '/swarm/leave', 503, 'This node is not part of a swarm'],
  ['GET', '/plugins/a/b:latest/json', 404, 'plugin "a/b:latest" not found'],
  ['GET', '/containers/1/logs', 400, 'Bad parameters: you must choose at least one stream'],
  ['POST', '/containers/1/wait?condition=later', 400, 'invalid condition: "later"'],
  ['POST', '/containers/1/resize?h=1', 400, 'invalid size: h and w must be given'],
  ['POST', '/containers/1/stop?t=soon', 400, 'invalid value for t: "soon" is not a whole number'],
  ['POST', '/images/create', 400, 'fromImage must be given'],
] as const)
  test(`${method} ${path} is answered with ${status}: ${message}`, async () => {
    await using served = await serve()
    const got = await ask(served, method, path)
    assert.equal(got.status, status)
    assert.equal(JSON.parse(got.text).message, message)
    assert.deepEqual(served.calls, [])
  })

for (const [body, type, message] of [
  ['', 'application/json', /^invalid JSON: got EOF/],
  ['{"Name":', 'application/json', /^invalid JSON: /],
  ['{"Name":1}', 'application/json', /Name must be a string, not 1/],
  ['{"Name":"a"}', 'text/plain', /unsupported Content-Type header \(text\/plain\): must be 'application\/json'/],
] as const)
  test(`the body ${body || '(empty)'} as ${type} is refused`, async () => {
    await using served = await serve()
    const { status, text } = await ask(served, 'POST', '/volumes/create', body, type)
    assert.equal(status, 400)
    assert.match(JSON.parse(text).message, message)
  })

test('a body that is too large is refused, and the server lives', async () => {
  await using served = await serve({ systemPing: async () => undefined })
  const huge = JSON.stringify({ Name: 'x'.repeat(5 * 2 ** 20) })
  const { status, text } = await ask(served, 'POST', '/volumes/create', huge)
  assert.equal(status, 400)
  assert.match(JSON.parse(text).message, /larger than/)
  assert.equal((await ask(served, 'GET', '/_ping')).status, 200)
})

test('detach keys that are none are refused before the process is described', async () => {
  await using served = await serve()
  const { status } = await ask(served, 'POST', '/containers/1/exec', '{"Cmd":["true"],"DetachKeys":"ctrl-"}')
  assert.equal(status, 400)
  assert.deepEqual(served.calls, [])
})

test('the tag of a pull goes to the name, a digest too', async () => {
  await using served = await serve({ imagePull: async () => (async function* () {})() })
  for (const [query, reference] of [
    ['fromImage=a/b&tag=1', 'a/b:1'],
    ['fromImage=a&tag=sha256:0', 'a@sha256:0'],
    ['fromImage=a', 'a'],
  ] as const) {
    await ask(served, 'POST', `/images/create?${query}`)
    assert.equal(served.calls.at(-1)?.[1], reference)
  }
})

test('registry credentials that cannot be read are refused', async () => {
  await using served = await serve()
  const request = http.request({
    socketPath: served.socketPath,
    method: 'POST',
    path: '/images/create?fromImage=a',
    headers: { 'X-Registry-Auth': 'nonsense' },
    agent: false,
  })
  request.end()
  const [response] = await once(request, 'response')
  assert.equal(response.statusCode, 400)
  assert.match(await readAll(response), /invalid X-Registry-Auth header/)
})

test('events have the older names as well', async () => {
  const event = {
    Type: 'container' as const,
    Action: 'start',
    Actor: { ID: '1', Attributes: { image: 'busybox' } },
    scope: 'local' as const,
    time: 1,
    timeNano: 1,
  }
  await using served = await serve({
    systemEvents: async () =>
      (async function* () {
        yield event
      })(),
  })
  const { text } = await ask(served, 'GET', '/events?since=0&until=1')
  assert.deepEqual(JSON.parse(text), { status: 'start', id: '1', from: 'busybox', ...event })
})

test('events and waits answer before anything happens', async () => {
  await using served = await serve({
    systemEvents: async (_options, signal) =>
      (async function* () {
        await once(signal, 'abort')
        yield* []
      })(),
    containerWait: async () => ({ exited: new Promise(() => undefined) }),
  })
  for (const [method, path] of [
    ['GET', '/events'],
    ['POST', '/containers/1/wait'],
  ] as const) {
    const request = http.request({ socketPath: served.socketPath, method, path, agent: false })
    request.end()
    const [response] = await once(request, 'response')
    assert.equal(response.statusCode, 200)
    request.on('error', () => undefined)
    request.destroy()
  }
})

test('requests that come before the engine is open wait for it', async () => {
  const { serveEngine } = await import('../../src/engine/http/server.ts')
  const { fakeEngine } = await import('./served.ts')
  await using served = await serve()
  const opened = Promise.withResolvers<ReturnType<typeof fakeEngine>['engine']>()
  const socketPath = `${served.socketPath}.2`
  await using _ = await serveEngine(opened.promise, {
    socketPath,
    process: { describe: () => ({}) as never, stop() {} },
  })
  const answer = ask({ ...served, socketPath } as Served, 'GET', '/_ping')
  opened.resolve(fakeEngine({ systemPing: async () => undefined }).engine)
  assert.equal((await answer).status, 200)
})

test('of several errors the first one decides, and the rest is not lost', async () => {
  const first = new TscomposeError('ENGINE_CONTAINER_NOT_FOUND', 'No such container: 1')
  for (const thrown of [
    new SuppressedError(new Error('clean-up failed'), first),
    new AggregateError([first, new Error('clean-up failed')]),
  ]) {
    await using served = await serve({ containerStop: () => Promise.reject(thrown) })
    const { status, text } = await ask(served, 'POST', '/containers/1/stop')
    assert.equal(status, 404)
    assert.match(JSON.parse(text).message, /^No such container: 1/)
    assert.deepEqual(served.faults, [thrown])
  }
})

test('each of the platforms of an image that are to go goes', async () => {
  await using served = await serve({
    imageDelete: async (name, { platform = '' } = {}) => [{ Untagged: `${name} ${platform}` }],
  })
  const platforms = ['arm64', 'amd64'].map(architecture => JSON.stringify({ os: 'linux', architecture }))
  const query = platforms.map(platform => `platforms=${encodeURIComponent(platform)}`).join('&')
  const { text } = await ask(served, 'DELETE', `/images/a?${query}`)
  assert.deepEqual(JSON.parse(text), [{ Untagged: 'a linux/arm64' }, { Untagged: 'a linux/amd64' }])
})

test('several platforms for one archive are refused', async () => {
  await using served = await serve()
  const { status } = await ask(served, 'GET', '/images/get?names=a&platform=linux/amd64&platform=linux/arm64')
  assert.equal(status, 400)
})
