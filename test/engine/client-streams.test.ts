import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { ContainerStatsResponse, EventMessage, JSONMessage, StatsOptions } from '../../src/engine/api.ts'
import { decodeFrames, encodeFrame } from '../../src/engine/stream-frames.ts'
import { TscomposeError } from '../../src/errors.ts'
import { readAll, serve } from './served.ts'

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
