import type { Duplex } from 'node:stream'
import type { WaitCondition } from '../../api.ts'
import { invalid, notSupported } from '../../failures.ts'
import { encodeFrame } from '../../stream-frames.ts'
import { type Answer, empty, json, streamType } from '../answer.ts'
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts'
import { encodeError } from '../error-body.ts'
import { join } from '../hijack.ts'
import { defined } from '../query.ts'
import { containerCreateRequest, containerUpdateRequest, execConfig } from '../requests.ts'
import { type Call, type Route, route } from '../router.ts'
import { containerInspectFor, containerSummaryFor } from '../versions/containers.ts'
import { createRequestOf } from '../versions/create-request.ts'
import { acceptKey, webSocket, webSocketKey, withoutFrames } from '../websocket.ts'

const waitConditions: readonly WaitCondition[] = ['not-running', 'next-exit', 'removed']

type ContainerCall = Call<'id'>

async function list({ engine, query, minor }: Call): Promise<Answer> {
  const options = {
    all: query.boolean('all'),
    limit: query.integer('limit'),
    size: query.boolean('size'),
    filters: query.filters(),
  }
  return json((await engine.containerList(defined(options))).map(found => containerSummaryFor(minor, found)))
}

async function create({ engine, query, body, minor }: Call): Promise<Answer> {
  const asked = await body(containerCreateRequest)
  const cgroup = async () => ((await engine.systemInfo()).CgroupVersion === '2' ? '2' : '1')
  const request = createRequestOf(minor, asked, minor < 41 ? await cgroup() : '2')
  return json(await engine.containerCreate(query.text('name'), request, query.text('platform')), 201)
}

const stopOptions = ({ query }: ContainerCall) => defined({ signal: query.text('signal'), timeout: query.integer('t') })

async function logs({ engine, params: { id }, query, minor }: ContainerCall): Promise<Answer> {
  const options = {
    follow: query.boolean('follow'),
    stdout: query.boolean('stdout'),
    stderr: query.boolean('stderr'),
    since: query.text('since'),
    until: query.text('until'),
    timestamps: query.boolean('timestamps'),
    tail: query.text('tail'),
    details: query.boolean('details'),
  }
  if (!options.stdout && !options.stderr) throw invalid('Bad parameters: you must choose at least one stream')
  const { Config } = await engine.containerInspect(id)
  const tty = Config.Tty ?? false
  const stream = await engine.containerLogs(id, defined(options))
  const failed = (error: Error) => {
    const words = Buffer.from(`Error grabbing logs: ${encodeError(error).message}\n`)
    return tty ? words : encodeFrame('systemerr', words)
  }
  return { kind: 'bytes', stream, contentType: streamType(tty, minor), failed }
}

interface Attached {
  readonly stream: Duplex
  readonly tty: boolean
  readonly detachKeys?: Uint8Array
}

async function attachStreams({ engine, params: { id }, query }: ContainerCall): Promise<Attached> {
  const options = {
    stream: query.boolean('stream'),
    logs: query.boolean('logs'),
    stdin: query.boolean('stdin'),
    stdout: query.boolean('stdout'),
    stderr: query.boolean('stderr'),
    detachKeys: query.text('detachKeys'),
  }
  const keys = parseDetachKeys(options.detachKeys ?? DEFAULT_DETACH_KEYS)
  const { Config } = await engine.containerInspect(id)
  const tty = Config.Tty ?? false
  const stream = await engine.containerAttach(id, defined(options))
  return { stream, tty, ...(tty && { detachKeys: keys }) }
}

async function attach(call: ContainerCall): Promise<Answer> {
  const { tty, ...streams } = await attachStreams(call)
  return { kind: 'hijack', ...streams, headerAlone: true, contentType: streamType(tty, call.minor) }
}

async function attachWebSocket(call: ContainerCall): Promise<Answer> {
  const key = webSocketKey(call.headers)
  const { stream, tty, ...more } = await attachStreams(call)
  return {
    kind: 'upgrade',
    protocol: 'websocket',
    headers: { 'Sec-WebSocket-Accept': acceptKey(key) },
    serve: connection => join(webSocket(connection), { ...more, stream: tty ? stream : withoutFrames(stream) }),
  }
}

async function wait({ engine, params: { id }, query, signal }: ContainerCall): Promise<Answer> {
  const text = query.text('condition') ?? 'not-running'
  const condition = waitConditions.find(known => known === text)
  if (!condition) throw invalid(`invalid condition: "${text}"`)
  const { exited } = await engine.containerWait(id, condition, signal)
  const value = exited.catch(error => ({ StatusCode: -1, Error: { Message: encodeError(error).message } }))
  return { kind: 'later', value }
}

async function stats({ engine, params: { id }, query, signal }: ContainerCall): Promise<Answer> {
  const stream = query.boolean('stream') ?? true
  const oneShot = query.boolean('one-shot') ?? false
  if (stream && oneShot) throw invalid('cannot have stream=true and one-shot=true')
  const lines = await engine.containerStats(id, { stream, oneShot }, signal)
  if (stream) return { kind: 'lines', lines, atOnce: true }
  for await (const only of lines) return json(only)
  return empty(200) // nobody waits for it any more
}

/** The size of a terminal, as the queries of resize have it. */
export function terminalSize({ query }: Call): { readonly height: number; readonly width: number } {
  const [height, width] = [query.integer('h'), query.integer('w')]
  if (height === undefined || width === undefined) throw invalid('invalid size: h and w must be given')
  return { height, width }
}

export const containerRoutes: readonly Route[] = [
  route('GET', '/containers/json', list),
  route('POST', '/containers/create', create),
  route('POST', '/containers/prune', async ({ engine, query }) =>
    json(await engine.containerPrune(defined({ filters: query.filters() }))),
  ),
  route('GET', '/containers/{id}/json', async ({ engine, params: { id }, query, minor }) =>
    json(containerInspectFor(minor, await engine.containerInspect(id, defined({ size: query.boolean('size') })))),
  ),
  route('GET', '/containers/{id}/logs', logs),
  route('GET', '/containers/{id}/top', async ({ engine, params: { id }, query }) =>
    json(await engine.containerTop(id, query.text('ps_args'))),
  ),
  route('GET', '/containers/{id}/stats', stats),
  route('POST', '/containers/{id}/start', async ({ engine, params: { id }, query }) => {
    if (query.text('checkpoint')) throw notSupported('checkpoints of containers')
    return empty((await engine.containerStart(id)) ? 204 : 304)
  }),
  route('POST', '/containers/{id}/stop', async call =>
    empty((await call.engine.containerStop(call.params.id, stopOptions(call))) ? 204 : 304),
  ),
  route('POST', '/containers/{id}/restart', async call => {
    await call.engine.containerRestart(call.params.id, stopOptions(call))
    return empty(204)
  }),
  route('POST', '/containers/{id}/kill', async ({ engine, params: { id }, query }) => {
    await engine.containerKill(id, query.text('signal'))
    return empty(204)
  }),
  route('POST', '/containers/{id}/pause', async ({ engine, params: { id } }) => {
    await engine.containerPause(id)
    return empty(204)
  }),
  route('POST', '/containers/{id}/unpause', async ({ engine, params: { id } }) => {
    await engine.containerUnpause(id)
    return empty(204)
  }),
  route('POST', '/containers/{id}/update', async ({ engine, params: { id }, body }) =>
    json(await engine.containerUpdate(id, await body(containerUpdateRequest))),
  ),
  route('POST', '/containers/{id}/rename', async ({ engine, params: { id }, query }) => {
    const name = query.text('name')
    if (!name) throw invalid('Neither old nor new names may be empty')
    await engine.containerRename(id, name)
    return empty(204)
  }),
  route('POST', '/containers/{id}/resize', async call => {
    const { height, width } = terminalSize(call)
    await call.engine.containerResize(call.params.id, height, width)
    return empty(200)
  }),
  route('POST', '/containers/{id}/attach', attach),
  route('GET', '/containers/{id}/attach/ws', attachWebSocket),
  route('POST', '/containers/{id}/wait', wait),
  route('POST', '/containers/{id}/exec', async ({ engine, params: { id }, body }) => {
    const config = await body(execConfig)
    if (config.DetachKeys) parseDetachKeys(config.DetachKeys)
    return json(await engine.execCreate(id, config), 201)
  }),
  route('DELETE', '/containers/{id}', async ({ engine, params: { id }, query }) => {
    if (query.boolean('link')) throw invalid('links cannot be removed: legacy links are not supported')
    await engine.containerDelete(id, defined({ volumes: query.boolean('v'), force: query.boolean('force') }))
    return empty(204)
  }),
]
