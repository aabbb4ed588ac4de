import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, performServerHandshake, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BuildInput, BuildMessage, Engine, ImageBuildRequest } from '../../../src/engine/api.ts'
import {
  bridgeSolveRequest,
  bridgeSolveResponse,
  returnRequest,
} from '../../../src/engine/http/buildkit/messages/bridge.ts'
import {
  solveRequest,
  solveResponse,
  statusRequest,
  statusResponse,
} from '../../../src/engine/http/buildkit/messages/control.ts'
import {
  bytesMessage,
  checkAgentRequest,
  checkAgentResponse,
  credentialsRequest,
  credentialsResponse,
  getSecretRequest,
  getSecretResponse,
} from '../../../src/engine/http/buildkit/messages/session.ts'
import { encodeMessage, messagesOf } from '../../../src/engine/http/buildkit/rpc/frames.ts'
import { type Served, serve } from '../served.ts'

/** Asks for another protocol on a connection of its own. @returns it, and how the engine has answered */
async function upgrade(served: Served, path: string, headers = 'Upgrade: h2c\r\nConnection: Upgrade\r\n') {
  const socket = served.dial()
  socket.write(`POST ${path} HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n${headers}\r\n`)
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    await once(socket, 'readable')
    for (let byte = socket.read(1); byte; byte = head.includes('\r\n\r\n') ? null : socket.read(1)) head += byte
  }
  return { socket, status: Number(head.split(' ', 2)[1]) }
}

async function control(served: Served): Promise<ClientHttp2Session> {
  const { socket, status } = await upgrade(served, '/grpc')
  assert.equal(status, 101)
  return connect('http://localhost', { createConnection: () => socket })
}

async function session(
  served: Served,
  id: string,
): Promise<{ readonly http2: ServerHttp2Session; readonly socket: Socket }> {
  const { socket, status } = await upgrade(
    served,
    '/session',
    `Upgrade: h2c\r\nConnection: Upgrade\r\nX-Docker-Expose-Session-Uuid: ${id}\r\n`,
  )
  assert.equal(status, 101)
  return { http2: performServerHandshake(socket), socket }
}

/** Calls a method with the bytes of a message. */
async function call(client: ClientHttp2Session, path: string, message: Uint8Array, headers = {}) {
  const stream = client.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', ...headers })
  let trailers: Record<string, unknown> = {}
  stream.on('trailers', found => {
    trailers = found
  })
  stream.end(encodeMessage(message))
  const answers: Buffer[] = []
  for await (const frame of messagesOf(stream)) answers.push(frame)
  const text = decodeURIComponent(String(trailers['grpc-message'] ?? ''))
  return { answers, status: Number(trailers['grpc-status']), text }
}

const solve = '/moby.buildkit.v1.Control/Solve'
const id = `sha256:${'a'.repeat(64)}`

/** An engine that builds whatever it is asked for. */
const building = (asked: { request?: ImageBuildRequest; input?: BuildInput } = {}): Partial<Engine> => ({
  async imageBuild(request, input) {
    Object.assign(asked, { request, input })
    return (async function* (): AsyncGenerator<BuildMessage> {
      const step = { id: 1, name: '[1/1] RUN true', started: 1000 }
      yield { type: 'step', step: { ...step, state: 'running' } }
      yield { type: 'log', id: 1, stream: 'stdout', line: 'hello' }
      yield { type: 'step', step: { ...step, state: 'done', ended: 2500 } }
      yield { type: 'image', id, names: request.Tags ?? [] }
    })()
  },
})

test('a build by the control API, and what is told of it', async () => {
  const asked: { request?: ImageBuildRequest; input?: BuildInput } = {}
  await using served = await serve(building(asked))
  const lender = await session(served, 's1')
  const client = await control(served)
  const attributes = new Map([
    ['target', 'last'],
    ['build-arg:A', 'b'],
    ['label:c', 'd'],
    ['no-cache', 'one,two'],
    ['context:base', 'docker-image://busybox'],
    ['platform', 'linux/amd64,linux/arm64'],
    ['cache-imports', '[{"Type":"registry","Attrs":{"ref":"r/i"}}]'],
    ['ulimit', 'nofile=1:2'],
  ])
  const told = call(client, '/moby.buildkit.v1.Control/Status', statusRequest.encode({ Ref: 'r1' }))
  const { answers, status, text } = await call(
    client,
    solve,
    solveRequest.encode({
      Ref: 'r1',
      Session: 's1',
      Frontend: 'dockerfile.v0',
      FrontendAttrs: attributes,
      Exporters: [{ Type: 'moby', Attrs: new Map([['name', 'x,y']]) }],
    }),
  )
  assert.equal(status, 0, text)
  assert.equal(solveResponse.decode(answers[0] ?? Buffer.alloc(0)).ExporterResponse.get('containerimage.digest'), id)
  assert.deepEqual(asked.request, {
    Context: 'local:context',
    Target: 'last',
    BuildArgs: { A: 'b' },
    Labels: { c: 'd' },
    NoCacheFilter: ['one', 'two'],
    Contexts: { base: 'docker-image://busybox' },
    Platforms: ['linux/amd64', 'linux/arm64'],
    CacheFrom: ['r/i'],
    CacheTo: [],
    Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    Entitlements: [],
    Tags: ['x', 'y'],
  })
  const statuses = (await told).answers.map(each => statusResponse.decode(each))
  const [begun, logged, ended] = statuses
  assert.equal(begun?.vertexes[0]?.name, '[1/1] RUN true')
  assert.equal(begun?.vertexes[0]?.completed, undefined)
  assert.equal(Buffer.from(logged?.logs[0]?.msg ?? []).toString(), 'hello\n')
  assert.deepEqual(ended?.vertexes[0]?.completed, { seconds: 2n, nanos: 500_000_000 })
  assert.equal(new Set([begun, ended].map(each => each?.vertexes[0]?.digest)).size, 1)
  client.destroy()
  lender.http2.destroy()
})

test('a build that the client drives', async () => {
  await using served = await serve(building())
  const lender = await session(served, 's2')
  const client = await control(served)
  const headers = { 'buildkit-controlapi-buildid': 'r2' }
  const solving = call(client, solve, solveRequest.encode({ Ref: 'r2', Session: 's2', ExporterDeprecated: 'moby' }))
  const asked = bridgeSolveRequest.encode({ Frontend: 'dockerfile.v0', FrontendOpt: new Map([['target', 'x']]) })
  const bridge = '/moby.buildkit.v1.frontend.LLBBridge'
  const { answers } = await call(client, `${bridge}/Solve`, asked, headers)
  const ref = bridgeSolveResponse.decode(answers[0] ?? Buffer.alloc(0)).result?.ref
  assert.ok(ref?.id)
  await call(client, `${bridge}/Return`, returnRequest.encode({ result: { ref: { id: ref.id } } }), headers)
  assert.equal((await solving).status, 0)
  // Some only ask what there is.
  const empty = call(client, solve, solveRequest.encode({ Ref: 'r3', Session: 's2' }))
  await call(client, `${bridge}/Return`, returnRequest.encode({ result: {} }), { 'buildkit-controlapi-buildid': 'r3' })
  assert.equal((await empty).status, 0)
  assert.equal(served.calls.filter(([name]) => name === 'imageBuild').length, 1)
  client.destroy()
  lender.http2.destroy()
})

const refused: readonly (readonly [string, Parameters<typeof solveRequest.encode>[0], RegExp])[] = [
  ['a definition', { Definition: Buffer.from('x') }, /LLB definition/],
  [
    'another frontend',
    { Frontend: 'gateway.v0', FrontendAttrs: new Map([['source', 'example/other']]) },
    /example\/other/,
  ],
  [
    'an unknown attribute',
    { Frontend: 'dockerfile.v0', FrontendAttrs: new Map([['cgroup-parent', 'x']]) },
    /cgroup-parent/,
  ],
  [
    'a subrequest',
    { Frontend: 'dockerfile.v0', FrontendAttrs: new Map([['requestid', 'frontend.outline']]) },
    /outline/,
  ],
  ['frontend inputs', { FrontendInputs: new Map([['a', Buffer.from('x')]]) }, /frontend inputs/],
  [
    'a context of the client’s store',
    { Frontend: 'dockerfile.v0', FrontendAttrs: new Map([['context:a', 'oci-layout://b']]) },
    /oci-layout/,
  ],
  ['several outputs', { Exporters: [{ Type: 'moby' }, { Type: 'tar' }] }, /several outputs/],
  [
    'what an output cannot be',
    { ExporterDeprecated: 'moby', ExporterAttrsDeprecated: new Map([['compression', 'zstd']]) },
    /compression/,
  ],
]

for (const [name, request, message] of refused)
  test(`${name} is refused by name`, async () => {
    await using served = await serve(building())
    const lender = await session(served, 's')
    const client = await control(served)
    const { status, text } = await call(client, solve, solveRequest.encode({ Ref: 'r', Session: 's', ...request }))
    assert.equal(status, 12, text)
    assert.match(text, message)
    assert.deepEqual(served.calls, [])
    client.destroy()
    lender.http2.destroy()
  })

test('what is no call is answered, or ends the connection, and nothing else', async () => {
  await using served = await serve({ ...building(), systemPing: async () => {} })
  const client = await control(served)
  assert.equal((await call(client, '/no.such/Method', Buffer.alloc(0))).status, 12)
  assert.equal((await call(client, solve, Buffer.from([0x0a, 0xff]))).status, 3)
  assert.equal((await call(client, solve, Buffer.alloc(0))).status, 3, 'a build needs a ref')
  const large = client.request({ ':method': 'POST', ':path': solve })
  const [trailers] = (
    await Promise.all([once(large, 'trailers'), large.end(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))])
  )[0]
  assert.equal(trailers['grpc-status'], '8')
  client.destroy()
  for (const path of ['/grpc', '/session']) {
    const uuid = 'X-Docker-Expose-Session-Uuid: x\r\n'
    const { socket, status } = await upgrade(served, path, `Upgrade: h2c\r\nConnection: Upgrade\r\n${uuid}`)
    assert.equal(status, 101)
    socket.resume().write('GET / HTTP/1.1\r\n\r\n'.repeat(100))
    if (!socket.closed) await once(socket, 'close')
  }
  assert.equal((await upgrade(served, '/grpc', '')).status, 400)
  assert.equal((await upgrade(served, '/session', 'Upgrade: h2c\r\nConnection: Upgrade\r\n')).status, 400)
  assert.equal((await upgrade(served, '/session', 'Upgrade: tcp\r\nConnection: Upgrade\r\n')).status, 400)
  await served.remote.systemPing()
  assert.deepEqual(served.faults, [])
})

test('the end of its session ends a build', async () => {
  let ended: unknown
  const begun = Promise.withResolvers<void>()
  await using served = await serve({
    async imageBuild(_request, _input, signal) {
      return (async function* (): AsyncGenerator<BuildMessage> {
        yield { type: 'log', id: 1, stream: 'stdout', line: 'begun' }
        begun.resolve()
        await once(signal, 'abort')
        ended = signal.reason
        throw signal.reason
      })()
    },
  })
  const lender = await session(served, 's4')
  const client = await control(served)
  const solving = call(
    client,
    solve,
    solveRequest.encode({ Ref: 'r4', Session: 's4', Frontend: 'dockerfile.v0', ExporterDeprecated: 'moby' }),
  )
  await begun.promise
  lender.socket.destroy()
  assert.equal((await solving).status, 1)
  assert.ok(ended)
  client.destroy()
  while (served.busy.count > 0) await sleep(5)
})

/** A client that lends: what each method answers to each message. */
const lends: Readonly<Record<string, (message: Buffer) => Buffer | { readonly status: number }>> = {
  '/moby.buildkit.secrets.v1.Secrets/GetSecret': message =>
    getSecretRequest.decode(message).ID === 'there'
      ? getSecretResponse.encode({ data: Buffer.from('a secret') })
      : { status: 5 },
  '/moby.filesync.v1.Auth/Credentials': message =>
    credentialsRequest.decode(message).Host === 'registry-1.docker.io'
      ? credentialsResponse.encode({ Username: 'me', Secret: 'password' })
      : credentialsResponse.encode({}),
  '/moby.sshforward.v1.SSH/CheckAgent': message =>
    checkAgentRequest.decode(message).ID === 'mine' ? checkAgentResponse.encode({}) : { status: 2 },
  '/moby.sshforward.v1.SSH/ForwardAgent': message =>
    bytesMessage.encode({ data: Buffer.from(bytesMessage.decode(message).data).reverse() }),
}

test('secrets, logins and agents are asked for when they are needed', async () => {
  const found: unknown[] = []
  await using served = await serve({
    async imageBuild(_request, { session: client }, signal) {
      return (async function* (): AsyncGenerator<BuildMessage> {
        if (!client) throw new TypeError('there is a session')
        const secrets = await Promise.all(['there', 'missing'].map(name => client.secret(name, signal)))
        found.push(...secrets.map(secret => secret && Buffer.from(secret).toString()))
        found.push(await client.login('docker.io', signal), await client.login('other.example', signal))
        found.push(await client.agent('other', signal))
        const agent = (await client.agent('mine', signal))?.()
        agent?.write('abc')
        found.push(String((await once(agent as NodeJS.EventEmitter, 'data'))[0]))
        agent?.destroy()
        yield { type: 'image', id, names: [] }
      })()
    },
  })
  const lender = await session(served, 's5')
  lender.http2.on('stream', async (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
    let status = 0
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }))
    stream.on('error', () => {})
    for await (const frame of messagesOf(stream)) {
      const answer = lends[String(headers[':path'])]?.(frame) ?? { status: 12 }
      if (!('status' in answer)) stream.write(encodeMessage(answer))
      else status = answer.status
    }
    stream.end()
  })
  const client = await control(served)
  const request = { Ref: 'r5', Session: 's5', Frontend: 'dockerfile.v0', ExporterDeprecated: 'moby' }
  const { status, text } = await call(client, solve, solveRequest.encode(request))
  assert.equal(status, 0, text)
  const login = { username: 'me', password: 'password', serveraddress: 'https://index.docker.io/v1/' }
  assert.deepEqual(found, ['a secret', undefined, login, undefined, undefined, 'cba'])
  client.destroy()
  lender.http2.destroy()
})
