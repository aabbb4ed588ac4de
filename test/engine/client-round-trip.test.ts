import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type {
  ContainerStatsResponse,
  Engine,
  EventMessage,
  ExecInspect,
  JSONMessage,
  StatsOptions,
} from '../../src/engine/api.ts'
import { connectEngine } from '../../src/engine/client/remote-engine.ts'
import { decodeFrames, encodeFrame } from '../../src/engine/stream-frames.ts'
import { errorCodes, TscomposeError } from '../../src/errors.ts'
import { readAll, serve } from './served.ts'

/** Operations that take values and give a value: what is passed, and what comes back. The types are the engine's affair. */
const operations: readonly (readonly [method: keyof Engine, args: readonly unknown[], result: unknown])[] = [
  ['systemPing', [], undefined],
  ['systemInfo', [], { ID: 'x', Warnings: [] }],
  ['systemDataUsage', [{}], { LayersSize: 1 }],
  ['systemMetrics', [], 'machine_cpu_cores 2\n'],
  ['systemDataUsage', [{ types: ['image', 'volume'] }], { LayersSize: 1 }],
  ['containerPrune', [{ filters: { until: ['1h'] } }], { ContainersDeleted: ['1'], SpaceReclaimed: 2 }],
  ['volumePrune', [{ filters: { all: ['true'] } }], { VolumesDeleted: ['v'], SpaceReclaimed: 2 }],
  ['containerList', [{ all: true, limit: 3, size: false, filters: { label: ['a=b c&d', 'e'] } }], [{ Id: '1' }]],
  ['containerList', [{}], []],
  ['containerCreate', ['name', { Image: 'a', Labels: { ü: '✓' } }, 'linux/amd64'], { Id: '1', Warnings: ['w'] }],
  ['containerCreate', [undefined, { Image: 'a', HostConfig: { ShmSize: 1, Init: true } }, undefined], { Id: '2' }],
  ['containerInspect', ['a/b?c', { size: true }], { Id: '1' }],
  ['containerStart', ['1'], true],
  ['containerStart', ['1'], false],
  ['containerStop', ['1', { signal: 'SIGINT', timeout: -1 }], true],
  ['containerStop', ['1', {}], false],
  ['containerRestart', ['1', { timeout: 0 }], undefined],
  ['containerKill', ['1', 'SIGUSR1'], undefined],
  ['containerKill', ['1', undefined], undefined],
  ['containerPause', ['1'], undefined],
  ['containerUnpause', ['1'], undefined],
  ['containerRename', ['1', 'new'], undefined],
  ['containerUpdate', ['1', { NanoCpus: 1, RestartPolicy: { Name: 'no' } }], { Warnings: ['w'] }],
  ['containerDelete', ['1', { volumes: true, force: false }], undefined],
  ['containerResize', ['1', 24, 80], undefined],
  ['containerTop', ['1', '-o pid'], { Titles: ['PID'], Processes: [['1']] }],
  ['containerChanges', ['1'], [{ Path: '/a b', Kind: 2 }]],
  ['containerChanges', ['1'], []],
  ['execCreate', ['1', { Cmd: ['a', 'b'], Tty: true, ConsoleSize: [24, 80] }], { Id: 'e' }],
  ['execResize', ['e', 24, 80], undefined],
  ['execInspect', ['e'], { ID: 'e', ExitCode: null }],
  ['imageList', [{ all: true, filters: { reference: ['a'] } }], []],
  ['imageInspect', ['localhost:5000/a/b:1', { platform: 'linux/arm64' }], { Id: 'i' }],
  ['imageTag', ['a', 'localhost:5000/b', '2'], undefined],
  [
    'imageCommit',
    [
      '1',
      {
        repo: 'a/b:2',
        comment: 'c d',
        author: 'A <a@b>',
        pause: false,
        changes: ['CMD x', 'ENV a=b'],
        config: { Cmd: ['y'] },
      },
    ],
    { Id: 'sha256:1' },
  ],
  ['imageCommit', ['1', {}], { Id: 'sha256:1' }],
  ['imageDelete', ['a/b:1', { force: true }], [{ Untagged: 'a/b:1' }]],
  ['networkList', [{ filters: { driver: ['bridge'] } }], []],
  ['networkInspect', ['n'], { Id: 'n' }],
  ['networkCreate', [{ Name: 'n', IPAM: { Config: [{ Subnet: '10.0.0.0/24' }] } }], { Id: 'n', Warning: '' }],
  ['networkDelete', ['n'], undefined],
  ['networkPrune', [{ filters: { until: ['24h'] } }], { NetworksDeleted: ['n'] }],
  ['networkConnect', ['n', '1', { Aliases: ['a'] }], undefined],
  ['networkConnect', ['n', '1', undefined], undefined],
  ['networkDisconnect', ['n', '1', true], undefined],
  ['volumeList', [{ filters: { dangling: ['true'] } }], { Volumes: [], Warnings: [] }],
  ['volumeInspect', ['v'], { Name: 'v' }],
  ['volumeCreate', [{ Name: 'v', Labels: { a: 'b' } }], { Name: 'v' }],
  ['volumeDelete', ['v', { force: true }], undefined],
]

for (const [method, args, result] of operations)
  test(`${method}(${JSON.stringify(args).slice(1, -1)}) comes through`, async () => {
    await using served = await serve({ [method]: () => result })
    const call = served.remote[method as keyof typeof served.remote] as (...args: unknown[]) => Promise<unknown>
    assert.deepEqual(await call.apply(served.remote, [...args]), result)
    assert.deepEqual(served.calls, [[method, ...args]])
  })

test('statistics come as a stream, or as one answer', async () => {
  const readings = async function* () {
    yield* [{ id: '1' }, { id: '2' }] as ContainerStatsResponse[]
  }
  await using served = await serve({ containerStats: async () => readings() })
  const signal = new AbortController().signal
  const read = async (options: StatsOptions) =>
    (await Array.fromAsync(await served.remote.containerStats('x', options, signal))).map(({ id }) => id)
  assert.deepEqual(await read({}), ['1', '2'])
  assert.deepEqual(await read({ stream: false, oneShot: true }), ['1'])
  assert.deepEqual(
    served.calls.map(([, , options]) => options),
    [
      { stream: true, oneShot: false },
      { stream: false, oneShot: true },
    ],
  )
})

test('the version is that of the engine, the API version that of the server', async () => {
  await using served = await serve({ systemVersion: async () => ({ Version: '9', ApiVersion: '?' }) as never })
  assert.deepEqual(await served.remote.systemVersion(), { Version: '9', ApiVersion: '1.47' })
})

test('every error comes back with its code, message, fix and place', async () => {
  const where = { file: 'compose.yaml', line: 1, col: 2, source: 'x' }
  for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[]) {
    const thrown = new TscomposeError(code, `about ${code}`, { fix: 'do this', where })
    await using served = await serve({ containerInspect: () => Promise.reject(thrown) })
    await assert.rejects(served.remote.containerInspect('x'), (error: unknown) => {
      assert.ok(error instanceof TscomposeError)
      assert.deepEqual({ ...error, message: error.message }, { ...thrown, message: thrown.message })
      return true
    })
  }
})

test('a fault of the engine is an error too, and told to who keeps the log', async () => {
  await using served = await serve({ containerStart: () => Promise.reject(new TypeError('x is not a function')) })
  await assert.rejects(served.remote.containerStart('1'), { code: 'ENGINE_FAILED', message: 'x is not a function' })
  assert.match(String(served.faults[0]), /x is not a function/)
})

test('where nobody listens the engine is unreachable', async () => {
  await using served = await serve()
  await assert.rejects(connectEngine({ socketPath: `${served.socketPath}.not` }), { code: 'ENGINE_UNREACHABLE' })
  await assert.rejects(connectEngine({ socketPath: `/tmp/${'x'.repeat(200)}` }), {
    code: 'ENGINE_UNREACHABLE',
    message: /at most 107 bytes/,
  })
})

const event = (Action: string): EventMessage => ({
  Type: 'container',
  Action,
  Actor: { ID: '1', Attributes: { image: 'busybox' } },
  scope: 'local',
  time: 1,
  timeNano: 1_000_000_001,
})

test('events come as they happen, and end with the signal', async () => {
  const more = Promise.withResolvers<void>()
  await using served = await serve({
    systemEvents: async (_options, signal) =>
      (async function* () {
        yield event('start')
        await more.promise
        yield event('die')
        await once(signal, 'abort')
      })(),
  })
  const leave = new AbortController()
  const options = { since: '1', filters: { type: ['container'] } }
  const seen: EventMessage[] = []
  for await (const happened of await served.remote.systemEvents(options, leave.signal)) {
    seen.push(happened)
    if (seen.length === 1) more.resolve()
    else leave.abort()
  }
  assert.deepEqual(seen, [event('start'), event('die')])
  assert.deepEqual(served.calls[0]?.[1], options)
})

test('who leaves a stream ends it in the engine', async () => {
  const ended = Promise.withResolvers<void>()
  await using served = await serve({
    systemEvents: async (_options, signal) =>
      (async function* () {
        yield event('start')
        await once(signal, 'abort')
        ended.resolve()
      })(),
  })
  for await (const _ of await served.remote.systemEvents({}, new AbortController().signal)) break
  await ended.promise
})

async function* progress(...messages: (JSONMessage | Error)[]): AsyncGenerator<JSONMessage> {
  for (const message of messages) {
    if (message instanceof Error) throw message
    yield message
  }
}
const messages: JSONMessage[] = [{ status: 'Pulling', id: 'a' }, { status: 'Done' }]

test('a pull tells its progress', async () => {
  await using served = await serve({ imagePull: async () => progress(...messages) })
  const auth = { username: 'u', password: 'ü/+' }
  const never = new AbortController().signal
  const lines = await served.remote.imagePull('localhost:5000/a:1', { platform: 'linux/arm64', auth }, never)
  assert.deepEqual(await Array.fromAsync(lines), messages)
  assert.deepEqual(served.calls[0]?.slice(1, 3), ['localhost:5000/a:1', { platform: 'linux/arm64', auth }])
})

test('a name alone is its latest tag, unless all tags are meant', async () => {
  await using served = await serve({ imagePull: async () => progress(...messages) })
  const never = new AbortController().signal
  for (const allTags of [false, true])
    await Array.fromAsync(await served.remote.imagePull('localhost:5000/a', { allTags }, never))
  assert.deepEqual(
    served.calls.map(call => call.slice(1, 3)),
    [
      ['localhost:5000/a:latest', {}],
      ['localhost:5000/a', { allTags: true }],
    ],
  )
})

test('a pull that fails before the first word fails as a whole, later one throws from the stream', async () => {
  const failure = new TscomposeError('ENGINE_IMAGE_NOT_FOUND', 'gone', { fix: 'look elsewhere' })
  const expected = { code: 'ENGINE_IMAGE_NOT_FOUND', message: 'gone', fix: 'look elsewhere' }
  let told: JSONMessage[] = []
  await using served = await serve({ imagePull: async () => progress(...told, failure) })
  const pull = () => served.remote.imagePull('a', {}, new AbortController().signal)
  await assert.rejects(pull(), expected)
  told = messages
  const seen: JSONMessage[] = []
  await assert.rejects(async () => {
    for await (const message of await pull()) seen.push(message)
  }, expected)
  assert.deepEqual(seen, messages)
})

test('an aborted pull throws the reason of its signal, and aborts the one in the engine', async () => {
  const aborted = Promise.withResolvers<void>()
  await using served = await serve({
    imagePull: async (_reference, _options, signal) =>
      (async function* () {
        yield messages[0] as JSONMessage
        await once(signal, 'abort')
        aborted.resolve()
      })(),
  })
  const patience = new AbortController()
  const reason = new Error('enough')
  await assert.rejects(async () => {
    for await (const _ of await served.remote.imagePull('a', {}, patience.signal)) patience.abort(reason)
  }, reason)
  await aborted.promise
})

test('an archive is uploaded whole', async () => {
  let size = 0
  await using served = await serve({
    imageLoad: async archive => {
      for await (const chunk of archive) size += chunk.length
      return progress({ stream: 'Loaded image: a\n' })
    },
  })
  const chunk = Buffer.alloc(100_000, 1)
  const archive = Readable.from(Array.from({ length: 50 }, () => chunk))
  const lines = await served.remote.imageLoad(archive, new AbortController().signal)
  assert.deepEqual(await Array.fromAsync(lines), [{ stream: 'Loaded image: a\n' }])
  assert.equal(size, 5_000_000)
})

test('an upload that is refused at once fails with the reason', async () => {
  await using served = await serve({
    imageLoad: () => Promise.reject(new TscomposeError('ENGINE_REQUEST_INVALID', 'not an archive')),
  })
  const archive = Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(100_000)))
  await assert.rejects(served.remote.imageLoad(archive, new AbortController().signal), { message: 'not an archive' })
})

const container = (Tty: boolean) => async () => ({ Config: { Tty } }) as never

test('logs come as frames, and what breaks them is said in the last one', async () => {
  await using served = await serve({
    containerInspect: container(false),
    containerLogs: async () =>
      Readable.from(
        (function* () {
          yield encodeFrame('stdout', Buffer.from('one\n'))
          throw new Error('the disk is gone')
        })(),
      ),
  })
  const options = { follow: true, stdout: true, stderr: false, since: '1.5', timestamps: true, tail: '10' }
  const frames = decodeFrames(await served.remote.containerLogs('1', options))
  assert.equal(`${(await frames.next()).value?.payload}`, 'one\n')
  await assert.rejects(frames.next(), { code: 'ENGINE_STREAM_FAILED', message: /the disk is gone/ })
  assert.deepEqual(served.calls.at(-1), ['containerLogs', '1', options])
})

test('who stops to follow logs ends the stream in the engine', async () => {
  const source = new Readable({ read() {} })
  await using served = await serve({ containerInspect: container(true), containerLogs: async () => source })
  const logs = await served.remote.containerLogs('1', { follow: true, stdout: true })
  source.push('one\n')
  await once(logs, 'data')
  logs.destroy()
  await once(source, 'close')
})

test('wait is registered when it resolves, and settles with the exit', async () => {
  const exit = Promise.withResolvers<{ StatusCode: number }>()
  await using served = await serve({ containerWait: async () => ({ exited: exit.promise }) })
  const { exited } = await served.remote.containerWait('1', 'next-exit', new AbortController().signal)
  assert.equal(served.calls[0]?.[2], 'next-exit')
  exit.resolve({ StatusCode: 137 })
  assert.deepEqual(await exited, { StatusCode: 137 })
})

test('an aborted wait rejects, and aborts the one in the engine', async () => {
  const aborted = Promise.withResolvers<void>()
  await using served = await serve({
    containerWait: async (_id, _condition, signal) => {
      signal.addEventListener('abort', () => aborted.resolve())
      return { exited: new Promise(() => undefined) }
    },
  })
  const patience = new AbortController()
  const { exited } = await served.remote.containerWait('1', 'removed', patience.signal)
  patience.abort(new Error('enough'))
  await assert.rejects(exited, { message: 'enough' })
  await aborted.promise
})

const exec = (tty: boolean) => async () => ({ ProcessConfig: { tty }, DetachKeys: '' }) as ExecInspect

test('a failed exec keeps its code for who understands it', async () => {
  await using served = await serve({
    execInspect: exec(true),
    execStart: () => Promise.reject(new TscomposeError('RUNTIME_COMMAND_NOT_FOUND', 'no such program')),
  })
  await assert.rejects(served.remote.execStart('e', {}), {
    code: 'RUNTIME_COMMAND_NOT_FOUND',
    message: 'no such program',
  })
})

test('a detached exec has no streams', async () => {
  await using served = await serve({ execInspect: exec(true), execStart: async () => undefined })
  assert.equal(await served.remote.execStart('e', { Detach: true }), undefined)
  assert.deepEqual(served.calls.at(-1), ['execStart', 'e', { Detach: true }])
})

test('the process of the engine tells of itself, and can be asked to end', async () => {
  await using served = await serve({ containerList: async () => [{}, {}] as never })
  const { pid, dataRoot, containersRunning } = await served.remote.engineStatus()
  assert.deepEqual([pid, dataRoot, containersRunning], [42, '/data', 2])
  const gone = served.remote.engineStop()
  await served.remote.engineStatus()
  assert.equal(served.stops.length, 1)
  await served[Symbol.asyncDispose]()
  await gone
})

test('a container that does not exist cannot be attached to', async () => {
  await using served = await serve({
    containerInspect: () => Promise.reject(new TscomposeError('ENGINE_CONTAINER_NOT_FOUND', 'No such container: x')),
  })
  await assert.rejects(served.remote.containerAttach('x', { stream: true }), {
    code: 'ENGINE_CONTAINER_NOT_FOUND',
    message: 'No such container: x',
  })
})

test('what is under way is counted, until the last stream is over', async () => {
  const source = new Readable({ read() {} })
  await using served = await serve({ containerInspect: container(true), containerLogs: async () => source })
  const logs = await served.remote.containerLogs('1', { stdout: true })
  assert.equal(served.busy.count, 1)
  source.push(null)
  assert.equal(await readAll(logs), '')
  await served.remote.engineStatus().catch(() => undefined)
  assert.equal(served.busy.count, 0)
})
