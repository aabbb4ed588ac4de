import type { Duplex, Readable } from 'node:stream'
import type * as api from './api.ts'
import { exportContainer, getArchive, putArchive, statPath } from './archive/archive.ts'
import { attachContainer } from './container/attach.ts'
import { createContainer } from './container/create.ts'
import { inspectContainer } from './container/inspect.ts'
import { listContainers } from './container/list.ts'
import { containerLogs } from './container/logs.ts'
import { pruneContainers } from './container/prune.ts'
import { removeContainer } from './container/remove.ts'
import { renameContainer } from './container/rename.ts'
import { resizeContainer } from './container/resize.ts'
import { startContainer } from './container/start.ts'
import {
  killContainer,
  pauseContainer,
  restartContainer,
  type StopOptions,
  stopContainer,
  unpauseContainer,
} from './container/stop.ts'
import { topContainer } from './container/top.ts'
import { updateContainer } from './container/update.ts'
import type { Context } from './context.ts'
import { createExec, resizeExec, startExec } from './exec/exec.ts'
import { inspectExec } from './exec/session.ts'
import { historyOf } from './image/history.ts'
import { deleteImage, findImage, inspect, listImages, loadImages, pullImage, tagImage } from './image/images.ts'
import { importImage } from './image/import.ts'
import { parsePlatform } from './image/platform.ts'
import { pruneImages } from './image/prune.ts'
import { pushImage } from './image/push.ts'
import { inspectDistribution, login, searchImages } from './image/registries.ts'
import { metrics } from './metrics/metrics.ts'
import { connectContainer, connectedContainers, connectedTo, disconnectContainer } from './network/connections.ts'
import { inspectNetwork, networkFilter } from './network/inspect.ts'
import { containerStats } from './stats/stats.ts'
import { systemDiskUsage } from './system/disk-usage.ts'
import { systemInfo, systemVersion } from './system/info.ts'

/** The engine in this process: every operation finds what it is about, and hands it to the part that does it. */
export class LocalEngine implements api.Engine, AsyncDisposable {
  readonly #context: Context
  readonly #id: string
  readonly #close: () => Promise<void>

  /** Made by `openEngine`. @param close lets go of everything; containers run on */
  constructor(context: Context, id: string, close: () => Promise<void>) {
    this.#context = context
    this.#id = id
    this.#close = close
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  #container(reference: string) {
    return this.#context.containers.find(reference)
  }

  async systemPing(): Promise<void> {}

  async systemVersion(): Promise<api.SystemVersion> {
    return systemVersion()
  }

  async systemInfo(): Promise<api.SystemInfo> {
    return await systemInfo(this.#context, this.#id)
  }

  async systemDataUsage({ types }: { types?: readonly api.DiskUsageType[] } = {}): Promise<api.SystemDataUsage> {
    return await systemDiskUsage(this.#context, types)
  }

  async systemMetrics(): Promise<string> {
    return await metrics(this.#context)
  }

  async systemEvents(options: api.EventsOptions, signal: AbortSignal): Promise<AsyncIterable<api.EventMessage>> {
    return this.#context.events.subscribe(options, signal)
  }

  async containerList(options?: api.ContainerListOptions): Promise<api.ContainerSummary[]> {
    return await listContainers(this.#context, options)
  }

  async containerCreate(
    name: string | undefined,
    request: api.ContainerCreateRequest,
    platform?: string,
  ): Promise<api.ContainerCreateResponse> {
    return await createContainer(this.#context, name, request, platform ? parsePlatform(platform) : undefined)
  }

  async containerInspect(id: string, options?: { size?: boolean }): Promise<api.ContainerInspect> {
    return await inspectContainer(this.#context, this.#container(id), options)
  }

  async containerStart(id: string): Promise<boolean> {
    return await startContainer(this.#context, this.#container(id))
  }

  async containerStop(id: string, options?: StopOptions): Promise<boolean> {
    return await stopContainer(this.#context, this.#container(id), options)
  }

  async containerRestart(id: string, options: StopOptions = {}): Promise<void> {
    await restartContainer(this.#context, this.#container(id), options)
  }

  async containerKill(id: string, signal?: string): Promise<void> {
    await killContainer(this.#context, this.#container(id), signal)
  }

  async containerPause(id: string): Promise<void> {
    await pauseContainer(this.#context, this.#container(id))
  }

  async containerUnpause(id: string): Promise<void> {
    await unpauseContainer(this.#context, this.#container(id))
  }

  async containerRename(id: string, name: string): Promise<void> {
    await renameContainer(this.#context, this.#container(id), name)
  }

  async containerUpdate(id: string, request: api.ContainerUpdateRequest): Promise<api.ContainerUpdateResponse> {
    return { Warnings: [...(await updateContainer(this.#context, this.#container(id), request))] }
  }

  async containerDelete(id: string, options: { volumes?: boolean; force?: boolean } = {}): Promise<void> {
    await removeContainer(this.#context, this.#container(id), options)
  }

  async containerPrune({ filters }: { filters?: api.Filters } = {}): Promise<api.ContainerPruneResponse> {
    return await pruneContainers(this.#context, filters)
  }

  async containerWait(
    id: string,
    condition: api.WaitCondition,
    signal: AbortSignal,
  ): Promise<{ exited: Promise<api.ContainerWaitResponse> }> {
    return { exited: this.#container(id).wait(condition, signal) }
  }

  async containerLogs(id: string, options: api.LogsOptions): Promise<Readable> {
    return await containerLogs(this.#container(id), options)
  }

  async containerAttach(id: string, options: api.AttachOptions): Promise<Duplex> {
    return await attachContainer(this.#context, this.#container(id), options)
  }

  async containerResize(id: string, height: number, width: number): Promise<void> {
    resizeContainer(this.#context, this.#container(id), height, width)
  }

  async containerTop(id: string, psArgs?: string): Promise<api.ContainerTop> {
    return await topContainer(this.#container(id), psArgs)
  }

  async containerStats(
    id: string,
    options: api.StatsOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<api.ContainerStatsResponse>> {
    return containerStats(this.#context, this.#container(id), options, signal)
  }

  async containerArchiveInfo(id: string, path: string): Promise<api.ContainerPathStat> {
    return await statPath(this.#context, this.#container(id), path)
  }

  async containerArchive(id: string, path: string): Promise<api.ContainerArchive> {
    return await getArchive(this.#context, this.#container(id), path)
  }

  async putContainerArchive(
    id: string,
    path: string,
    archive: Readable,
    options: api.PutArchiveOptions = {},
  ): Promise<void> {
    await putArchive(this.#context, this.#container(id), path, archive, options)
  }

  async containerExport(id: string): Promise<Readable> {
    return await exportContainer(this.#context, this.#container(id))
  }

  async execCreate(containerId: string, config: api.ExecConfig): Promise<{ Id: string }> {
    return { Id: createExec(this.#context, this.#container(containerId), config) }
  }

  async execStart(execId: string, config: api.ExecStartConfig): Promise<Duplex | undefined> {
    return await startExec(this.#context, this.#context.execs.find(execId), config)
  }

  async execResize(execId: string, height: number, width: number): Promise<void> {
    resizeExec(this.#context.execs.find(execId), height, width)
  }

  async execInspect(execId: string): Promise<api.ExecInspect> {
    return inspectExec(this.#context.execs.find(execId))
  }

  async imageList(options: { all?: boolean; filters?: api.Filters } = {}): Promise<api.ImageSummary[]> {
    return await listImages(this.#context, options.filters)
  }

  async imageInspect(name: string): Promise<api.ImageInspect> {
    return await inspect(this.#context, name)
  }

  async imagePull(
    reference: string,
    options: { platform?: string; auth?: api.RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<AsyncIterable<api.JSONMessage>> {
    return pullImage(this.#context, reference, options, signal)
  }

  async imagePush(
    name: string,
    options: { tag?: string; platform?: string; auth?: api.RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<AsyncIterable<api.JSONMessage>> {
    return pushImage(this.#context, name, options, signal)
  }

  async imageBuild(
    request: api.ImageBuildRequest,
    archive: Readable | undefined,
    signal: AbortSignal,
  ): Promise<AsyncIterable<api.BuildMessage>> {
    const { buildImage } = await import('./build/build.ts')
    return buildImage(this.#context, request, archive, signal)
  }

  async buildPrune(
    options: { all?: boolean; filters?: api.Filters; keepStorage?: number } = {},
  ): Promise<{ CachesDeleted: string[]; SpaceReclaimed: number }> {
    const { pruneBuilds } = await import('./build/prune.ts')
    return await pruneBuilds(this.#context, options)
  }

  async imageLoad(archive: Readable, signal: AbortSignal): Promise<AsyncIterable<api.JSONMessage>> {
    return loadImages(this.#context, archive, signal)
  }

  async imageSave(names: readonly string[]): Promise<Readable> {
    return await this.#context.images.save(names)
  }

  async imageImport(
    source: Readable | URL,
    options: api.ImageImportOptions,
    signal: AbortSignal,
  ): Promise<AsyncIterable<api.JSONMessage>> {
    return importImage(this.#context, source, options, signal)
  }

  async imageHistory(name: string): Promise<api.ImageHistoryItem[]> {
    const image = await findImage(this.#context, name)
    return historyOf(image, this.#context.images.layerSizes(image))
  }

  async imagePrune({ filters }: { filters?: api.Filters } = {}): Promise<api.ImagePruneResponse> {
    return await pruneImages(this.#context, filters)
  }

  async imageSearch(
    term: string,
    options: { limit?: number; filters?: api.Filters; auth?: api.RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<api.ImageSearchItem[]> {
    return await searchImages(this.#context, term, options, signal)
  }

  async distributionInspect(
    name: string,
    { auth }: { auth?: api.RegistryAuthConfig },
    signal: AbortSignal,
  ): Promise<api.DistributionInspect> {
    return await inspectDistribution(this.#context, name, auth, signal)
  }

  async systemAuth(auth: api.RegistryAuthConfig, signal: AbortSignal): Promise<api.AuthResponse> {
    return await login(this.#context, auth, signal)
  }

  async imageTag(name: string, repo: string, tag: string): Promise<void> {
    await tagImage(this.#context, name, repo, tag)
  }

  async imageDelete(
    name: string,
    { force }: { force?: boolean; noprune?: boolean } = {},
  ): Promise<api.ImageDeleteItem[]> {
    return await deleteImage(this.#context, name, force)
  }

  async networkList({ filters }: { filters?: api.Filters } = {}): Promise<api.NetworkInspect[]> {
    const wanted = networkFilter(filters)
    return this.#context.networks
      .all()
      .filter(record => wanted(record, connectedTo(this.#context, record.id).length > 0))
      .map(record => inspectNetwork(record, connectedContainers(this.#context, record.id)))
  }

  async networkInspect(id: string): Promise<api.NetworkInspect> {
    const record = this.#context.networks.find(id)
    return inspectNetwork(record, connectedContainers(this.#context, record.id))
  }

  async networkCreate(request: api.NetworkCreateRequest): Promise<{ Id: string; Warning: string }> {
    return { Id: (await this.#context.networks.create(request)).id, Warning: '' }
  }

  async networkDelete(id: string): Promise<void> {
    await this.#context.networks.remove(id)
  }

  async networkPrune({ filters }: { filters?: api.Filters } = {}): Promise<{ NetworksDeleted: string[] }> {
    return { NetworksDeleted: await this.#context.networks.prune(filters) }
  }

  async networkConnect(id: string, container: string, endpoint?: api.EndpointSettings): Promise<void> {
    const { networks } = this.#context
    await connectContainer(this.#context, networks.find(id), this.#container(container), endpoint)
  }

  /** `force` is for endpoints whose container has gone, which are not to be had here. */
  async networkDisconnect(id: string, container: string): Promise<void> {
    await disconnectContainer(this.#context, this.#context.networks.find(id), this.#container(container))
  }

  async volumeList({
    filters,
  }: {
    filters?: api.Filters
  } = {}): Promise<{ Volumes: api.Volume[]; Warnings: string[] }> {
    return { Volumes: this.#context.volumes.list(filters), Warnings: [] }
  }

  async volumeInspect(name: string): Promise<api.Volume> {
    return this.#context.volumes.inspect(name)
  }

  async volumeCreate(request: api.VolumeCreateRequest): Promise<api.Volume> {
    return await this.#context.volumes.create(request)
  }

  async volumePrune({ filters }: { filters?: api.Filters } = {}): Promise<api.VolumePruneResponse> {
    return await this.#context.volumes.prune(filters)
  }

  async volumeDelete(name: string, options: { force?: boolean } = {}): Promise<void> {
    await this.#context.volumes.remove(name, options.force)
  }
}
