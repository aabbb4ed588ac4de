import type { Duplex, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type {
  AttachOptions,
  AuthResponse,
  BuildMessage,
  ContainerArchive,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerListOptions,
  ContainerPathStat,
  ContainerPruneResponse,
  ContainerStatsResponse,
  ContainerSummary,
  ContainerTop,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  DiskUsageType,
  DistributionInspect,
  EndpointSettings,
  Engine,
  EventMessage,
  EventsOptions,
  ExecConfig,
  ExecInspect,
  ExecStartConfig,
  Filters,
  ImageBuildRequest,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageImportOptions,
  ImageInspect,
  ImagePruneResponse,
  ImageSearchItem,
  ImageSummary,
  JSONMessage,
  LogsOptions,
  NetworkCreateRequest,
  NetworkInspect,
  PutArchiveOptions,
  RegistryAuthConfig,
  StatsOptions,
  SystemDataUsage,
  SystemInfo,
  SystemVersion,
  Volume,
  VolumeCreateRequest,
  VolumePruneResponse,
  WaitCondition,
} from '../api.ts'
import type { EngineStatus } from '../engine-status.ts'
import { progressOf } from '../http/json-lines.ts'
import { answerInvalid, EngineConnection, path, type RequestMore } from './connection.ts'
import type { Response } from './socket-pool.ts'

type Stopping = { readonly signal?: string; readonly timeout?: number }

/**
 * Connects to the engine that listens at a socket.
 * @throws TscomposeError ENGINE_UNREACHABLE
 */
export async function connectEngine({ socketPath }: { readonly socketPath: string }): Promise<RemoteEngine> {
  return new RemoteEngine(await EngineConnection.open(socketPath))
}

/** An engine in another process. Errors are those that it threw, or ENGINE_UNREACHABLE. */
export class RemoteEngine implements Engine, Disposable {
  readonly #connection: EngineConnection

  constructor(connection: EngineConnection) {
    this.#connection = connection
  }

  close(): void {
    this.#connection.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The process of the engine. */
  engineStatus(): Promise<EngineStatus> {
    return this.#connection.json('GET', '/tscompose/engine')
  }

  /** Ends the process of the engine; containers go on. Resolves when the process is gone. */
  async engineStop(): Promise<void> {
    const response = await this.#connection.send('POST', '/tscompose/engine/stop')
    // The answer never comes to its end: the connection breaks with the last breath of the process.
    await this.#connection.read(response).catch(() => undefined)
  }

  async systemPing(): Promise<void> {
    await this.#connection.perform('GET', '/_ping')
  }

  systemVersion(): Promise<SystemVersion> {
    return this.#connection.json('GET', '/version')
  }

  systemInfo(): Promise<SystemInfo> {
    return this.#connection.json('GET', '/info')
  }

  systemDataUsage({ types }: { types?: readonly DiskUsageType[] } = {}): Promise<SystemDataUsage> {
    const query = new URLSearchParams(types?.map((type): [string, string] => ['type', type]))
    return this.#connection.json('GET', query.size > 0 ? `/system/df?${query}` : '/system/df')
  }

  async systemMetrics(): Promise<string> {
    return await text((await this.#connection.send('GET', '/metrics')).body)
  }

  async systemEvents(options: EventsOptions, signal: AbortSignal): Promise<AsyncIterable<EventMessage>> {
    const response = await this.#connection.send('GET', '/events', { query: { ...options }, signal })
    return eventsOf(this.#connection.lines(response, signal), signal)
  }

  containerList(options: ContainerListOptions = {}): Promise<ContainerSummary[]> {
    return this.#connection.json('GET', '/containers/json', { query: { ...options } })
  }

  containerCreate(
    name: string | undefined,
    body: ContainerCreateRequest,
    platform?: string,
  ): Promise<ContainerCreateResponse> {
    return this.#connection.json('POST', '/containers/create', { query: { name, platform }, body })
  }

  containerInspect(id: string, { size }: { size?: boolean } = {}): Promise<ContainerInspect> {
    return this.#connection.json('GET', path`/containers/${id}/json`, { query: { size } })
  }

  async containerStart(id: string): Promise<boolean> {
    return (await this.#connection.perform('POST', path`/containers/${id}/start`)) !== 304
  }

  async containerStop(id: string, { signal, timeout }: Stopping = {}): Promise<boolean> {
    const query = { signal, t: timeout }
    return (await this.#connection.perform('POST', path`/containers/${id}/stop`, { query })) !== 304
  }

  async containerRestart(id: string, { signal, timeout }: Stopping = {}): Promise<void> {
    await this.#connection.perform('POST', path`/containers/${id}/restart`, { query: { signal, t: timeout } })
  }

  async containerKill(id: string, signal?: string): Promise<void> {
    await this.#connection.perform('POST', path`/containers/${id}/kill`, { query: { signal } })
  }

  async containerPause(id: string): Promise<void> {
    await this.#connection.perform('POST', path`/containers/${id}/pause`)
  }

  async containerUnpause(id: string): Promise<void> {
    await this.#connection.perform('POST', path`/containers/${id}/unpause`)
  }

  async containerRename(id: string, name: string): Promise<void> {
    await this.#connection.perform('POST', path`/containers/${id}/rename`, { query: { name } })
  }

  containerUpdate(id: string, body: ContainerUpdateRequest): Promise<ContainerUpdateResponse> {
    return this.#connection.json('POST', path`/containers/${id}/update`, { body })
  }

  async containerDelete(id: string, { volumes, force }: { volumes?: boolean; force?: boolean } = {}): Promise<void> {
    await this.#connection.perform('DELETE', path`/containers/${id}`, { query: { v: volumes, force } })
  }

  containerPrune(options: { filters?: Filters } = {}): Promise<ContainerPruneResponse> {
    return this.#connection.json('POST', '/containers/prune', { query: { ...options } })
  }

  async containerWait(
    id: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): Promise<{ exited: Promise<ContainerWaitResponse> }> {
    const more = { query: { condition }, signal }
    const response = await this.#connection.send('POST', path`/containers/${id}/wait`, more)
    const exited = this.#connection.read<ContainerWaitResponse>(response, signal)
    // Nobody may be looking when the connection breaks.
    exited.catch(() => undefined)
    return { exited }
  }

  async containerLogs(id: string, options: LogsOptions): Promise<Readable> {
    return (await this.#connection.send('GET', path`/containers/${id}/logs`, { query: { ...options } })).body
  }

  containerAttach(id: string, options: AttachOptions): Promise<Duplex> {
    return this.#connection.hijack(path`/containers/${id}/attach`, { query: { ...options } })
  }

  async containerResize(id: string, height: number, width: number): Promise<void> {
    await this.#connection.perform('POST', path`/containers/${id}/resize`, { query: { h: height, w: width } })
  }

  containerTop(id: string, psArgs?: string): Promise<ContainerTop> {
    return this.#connection.json('GET', path`/containers/${id}/top`, { query: { ps_args: psArgs } })
  }

  async containerStats(
    id: string,
    { stream = true, oneShot }: StatsOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<ContainerStatsResponse>> {
    const query = { stream, 'one-shot': oneShot }
    const response = await this.#connection.send('GET', path`/containers/${id}/stats`, { query, signal })
    return untilAborted(this.#connection.lines(response, signal), signal) as AsyncIterable<ContainerStatsResponse>
  }

  async containerArchiveInfo(id: string, target: string): Promise<ContainerPathStat> {
    const response = await this.#connection.send('HEAD', path`/containers/${id}/archive`, { query: { path: target } })
    return pathStatOf(response)
  }

  async containerArchive(id: string, target: string): Promise<ContainerArchive> {
    const response = await this.#connection.send('GET', path`/containers/${id}/archive`, { query: { path: target } })
    return { stat: pathStatOf(response), archive: response.body }
  }

  async putContainerArchive(
    id: string,
    target: string,
    archive: Readable,
    options: PutArchiveOptions = {},
  ): Promise<void> {
    const query = { path: target, ...options }
    await this.#connection.perform('PUT', path`/containers/${id}/archive`, { query, upload: archive })
  }

  async containerExport(id: string): Promise<Readable> {
    return (await this.#connection.send('GET', path`/containers/${id}/export`)).body
  }

  execCreate(containerId: string, body: ExecConfig): Promise<{ Id: string }> {
    return this.#connection.json('POST', path`/containers/${containerId}/exec`, { body })
  }

  async execStart(execId: string, body: ExecStartConfig): Promise<Duplex | undefined> {
    if (!body.Detach) return this.#connection.hijack(path`/exec/${execId}/start`, { body })
    await this.#connection.perform('POST', path`/exec/${execId}/start`, { body })
    return undefined
  }

  async execResize(execId: string, height: number, width: number): Promise<void> {
    await this.#connection.perform('POST', path`/exec/${execId}/resize`, { query: { h: height, w: width } })
  }

  execInspect(execId: string): Promise<ExecInspect> {
    return this.#connection.json('GET', path`/exec/${execId}/json`)
  }

  imageList(options: { all?: boolean; filters?: Filters } = {}): Promise<ImageSummary[]> {
    return this.#connection.json('GET', '/images/json', { query: { ...options } })
  }

  imageInspect(name: string): Promise<ImageInspect> {
    return this.#connection.json('GET', path`/images/${name}/json`)
  }

  async imagePull(
    reference: string,
    { platform, auth }: { platform?: string; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>> {
    const query = { fromImage: reference, platform }
    return this.#progress('/images/create', { query, headers: authHeader(auth), signal })
  }

  async imagePush(
    name: string,
    { tag, platform, auth }: { tag?: string; platform?: string; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>> {
    const more = { query: { tag, platform }, headers: authHeader(auth), signal }
    return this.#progress(path`/images/${name}/push`, more)
  }

  async imageBuild(
    body: ImageBuildRequest,
    archive: Readable | undefined,
    signal: AbortSignal,
  ): Promise<AsyncIterable<BuildMessage>> {
    if (archive) throw new TypeError('a context goes to the engine by its name')
    const response = await this.#connection.send('POST', '/tscompose/build', { body, signal })
    return progressOf(this.#connection.lines(response, signal)) as AsyncIterable<unknown> as AsyncIterable<BuildMessage>
  }

  buildPrune({ all, filters, keepStorage }: { all?: boolean; filters?: Filters; keepStorage?: number } = {}): Promise<{
    CachesDeleted: string[]
    SpaceReclaimed: number
  }> {
    return this.#connection.json('POST', '/build/prune', { query: { all, filters, 'keep-storage': keepStorage } })
  }

  imageLoad(archive: Readable, signal: AbortSignal): Promise<AsyncIterable<JSONMessage>> {
    return this.#progress('/images/load', { upload: archive, signal })
  }

  async imageSave(names: readonly string[]): Promise<Readable> {
    return (await this.#connection.send('GET', '/images/get', { query: { names } })).body
  }

  imageImport(
    source: Readable | URL,
    options: ImageImportOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<JSONMessage>> {
    const { changes, ...query } = options
    const fromSrc = source instanceof URL ? source.href : '-'
    return this.#progress('/images/create', {
      query: { ...query, fromSrc, changes },
      ...(source instanceof URL ? {} : { upload: source }),
      signal,
    })
  }

  imageHistory(name: string): Promise<ImageHistoryItem[]> {
    return this.#connection.json('GET', path`/images/${name}/history`)
  }

  imagePrune(options: { filters?: Filters } = {}): Promise<ImagePruneResponse> {
    return this.#connection.json('POST', '/images/prune', { query: { ...options } })
  }

  imageSearch(
    term: string,
    { auth, ...query }: { limit?: number; filters?: Filters; auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<ImageSearchItem[]> {
    const more = { query: { term, ...query }, headers: authHeader(auth), signal }
    return this.#connection.json('GET', '/images/search', more)
  }

  distributionInspect(
    name: string,
    { auth }: { auth?: RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<DistributionInspect> {
    return this.#connection.json('GET', path`/distribution/${name}/json`, { headers: authHeader(auth), signal })
  }

  systemAuth(auth: RegistryAuthConfig, signal: AbortSignal): Promise<AuthResponse> {
    return this.#connection.json('POST', '/auth', { body: auth, signal })
  }

  async imageTag(name: string, repo: string, tag: string): Promise<void> {
    await this.#connection.perform('POST', path`/images/${name}/tag`, { query: { repo, tag } })
  }

  imageDelete(name: string, options: { force?: boolean; noprune?: boolean } = {}): Promise<ImageDeleteItem[]> {
    return this.#connection.json('DELETE', path`/images/${name}`, { query: { ...options } })
  }

  networkList(options: { filters?: Filters } = {}): Promise<NetworkInspect[]> {
    return this.#connection.json('GET', '/networks', { query: { ...options } })
  }

  networkInspect(id: string): Promise<NetworkInspect> {
    return this.#connection.json('GET', path`/networks/${id}`)
  }

  networkCreate(body: NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
    return this.#connection.json('POST', '/networks/create', { body })
  }

  async networkDelete(id: string): Promise<void> {
    await this.#connection.perform('DELETE', path`/networks/${id}`)
  }

  networkPrune(options: { filters?: Filters } = {}): Promise<{ NetworksDeleted: string[] }> {
    return this.#connection.json('POST', '/networks/prune', { query: { ...options } })
  }

  async networkConnect(id: string, container: string, endpoint?: EndpointSettings): Promise<void> {
    const body = { Container: container, ...(endpoint && { EndpointConfig: endpoint }) }
    await this.#connection.perform('POST', path`/networks/${id}/connect`, { body })
  }

  async networkDisconnect(id: string, container: string, force?: boolean): Promise<void> {
    const body = { Container: container, ...(force !== undefined && { Force: force }) }
    await this.#connection.perform('POST', path`/networks/${id}/disconnect`, { body })
  }

  volumeList(options: { filters?: Filters } = {}): Promise<{ Volumes: Volume[]; Warnings: string[] }> {
    return this.#connection.json('GET', '/volumes', { query: { ...options } })
  }

  volumeInspect(name: string): Promise<Volume> {
    return this.#connection.json('GET', path`/volumes/${name}`)
  }

  volumeCreate(body: VolumeCreateRequest): Promise<Volume> {
    return this.#connection.json('POST', '/volumes/create', { body })
  }

  volumePrune(options: { filters?: Filters } = {}): Promise<VolumePruneResponse> {
    return this.#connection.json('POST', '/volumes/prune', { query: { ...options } })
  }

  async volumeDelete(name: string, { force }: { force?: boolean } = {}): Promise<void> {
    await this.#connection.perform('DELETE', path`/volumes/${name}`, { query: { force } })
  }

  async #progress(path: string, more: RequestMore): Promise<AsyncIterable<JSONMessage>> {
    return progressOf(this.#connection.lines(await this.#connection.send('POST', path, more), more.signal))
  }
}

const authHeader = (auth: RegistryAuthConfig | undefined): Record<string, string> =>
  auth ? { 'X-Registry-Auth': Buffer.from(JSON.stringify(auth)).toString('base64url') } : {}

function pathStatOf({ headers }: Response): ContainerPathStat {
  const text = headers.get('x-docker-container-path-stat')
  if (text === undefined) throw answerInvalid('no X-Docker-Container-Path-Stat')
  return JSON.parse(Buffer.from(text, 'base64').toString()) as ContainerPathStat
}

async function* eventsOf(lines: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<EventMessage> {
  for await (const line of untilAborted(lines, signal)) {
    const { Type, Action, Actor, scope, time, timeNano } = line as EventMessage
    yield { Type, Action, Actor, scope, time, timeNano }
  }
}

/** For who aborts, a stream comes to its end. */
async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
