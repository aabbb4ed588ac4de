import { chmodSync, mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { hostname as machineName } from 'node:os'
import { join } from 'node:path'
import type { Platform } from '../../image/image.ts'
import type { ContainerCreateRequest, ContainerCreateResponse, EndpointSettings, HostConfig } from '../api.ts'
import { injectDevices } from '../cdi/inject.ts'
import type { Context } from '../context.ts'
import { newId, shortId } from '../ids.ts'
import { claimImage } from '../image/find.ts'
import { timestamp } from '../time.ts'
import { deviceNumberOf } from '../translate/devices.ts'
import { completeHostConfig } from '../translate/host-config.ts'
import { mergeConfig } from '../translate/merge-config.ts'
import { parseNetworkMode } from '../translate/namespace-modes.ts'
import { checkNetworkMode } from '../translate/network-conflicts.ts'
import { translateResources } from '../translate/resources.ts'
import { validateRequest } from '../translate/validate.ts'
import { Container, type ContainerDirectory, containerDirectory } from './container.ts'
import { emitContainer } from './events.ts'
import { withoutContents, writeGrantedFiles } from './granted-files.ts'
import { checkLinks } from './links.ts'
import { randomName } from './random-name.ts'
import type { ContainerRecord } from './record.ts'
import { created } from './state.ts'
import { makeVolumes, parseContainerMounts } from './volumes.ts'

/**
 * Makes a container: finds its image, completes what was asked for, makes and fills its volumes, and writes it down.
 * What can be known to be wrong with it is an error already here.
 */
export async function createContainer(
  context: Context,
  name: string | undefined,
  request: ContainerCreateRequest,
  platform?: Platform,
): Promise<ContainerCreateResponse> {
  const { HostConfig: askedHost = {}, NetworkingConfig: networking, ...asked } = request
  validateRequest(asked, askedHost, context)
  checkLinks(context, askedHost)
  checkNetworkMode(asked, askedHost, Object.values(networking?.EndpointsConfig ?? {}))
  const warnings = [...limitWarnings(context, askedHost), ...hostWarnings(askedHost)]
  await injectDevices(askedHost, context.config.cdiSpecDirs, { uid: 0, gid: 0 }) // an error here leaves nothing half done
  using claims = new DisposableStack()
  const image = await claimImage(context, asked.Image, platform, claims)
  const id = newId()
  const config = mergeConfig(asked, image.config)
  const hostConfig = withContainerIds(context, completeHostConfig(withoutContents(askedHost), context.config))
  if (!config.Hostname) config.Hostname = hostConfig.NetworkMode === 'host' ? machineName() : shortId(id)
  const mounts = await parseContainerMounts(context, hostConfig, config.Volumes ?? {})

  await using undo = new AsyncDisposableStack()
  const { containers } = context
  const reserved = containers.reserveName(name || randomName(free => containers.isNameFree(free)), id)
  undo.defer(() => containers.releaseName(reserved, id))
  const directory = containerDirectory(context.directories, id)
  undo.defer(() => rm(directory.root, { recursive: true, force: true }))
  makeDirectories(directory)
  await writeGrantedFiles(directory, askedHost.Files ?? [])
  const { writableLayer } = directory
  const root = { lowerdirs: context.images.lowerdirs(image), writableLayer, readonly: false }
  const made = undo.use(await makeVolumes(context, mounts, root, platform, claims))
  const container = new Container(
    {
      version: 1,
      id,
      name: reserved,
      created: timestamp(),
      image: image.id,
      config,
      hostConfig,
      endpoints: endpointsOf(context, hostConfig, networking?.EndpointsConfig ?? {}),
      mounts: made.mounts,
      restartCount: 0,
      manuallyStopped: false,
      state: created,
    },
    context.directories,
  )
  undo.defer(() => container.forget())
  await container.save()
  containers.add(container)
  undo.move()
  emitContainer(context, container, 'create')
  return { Id: id, Warnings: warnings }
}

/** Limits that the machine does not have are told to who asks for them, rather than only where the container starts. */
function limitWarnings({ runtime, machine }: Context, hostConfig: HostConfig): string[] {
  const { devices: _, ...limits } = translateResources(hostConfig, machine.processors, deviceNumberOf)
  return Object.keys(limits).length > 0 ? [...runtime.rehearse(limits)] : []
}

/** What has no effect, or one that may surprise. */
function hostWarnings(host: HostConfig): string[] {
  const { NetworkMode, PortBindings, PublishAllPorts, OomKillDisable, Memory, VolumeDriver, Mounts = [] } = host
  const drivesNone = Mounts.some(({ Type, VolumeOptions }) => Type === 'volume' && !VolumeOptions?.DriverConfig?.Name)
  const publishes = PublishAllPorts || Object.keys(PortBindings ?? {}).length > 0
  return [
    ...(NetworkMode === 'host' && publishes ? ['Published ports are discarded when using host network mode'] : []),
    ...(OomKillDisable && !Memory
      ? [
          'OOM killer is disabled for the container, but no memory limit is set, ' +
            'this can result in the system running out of resources.',
        ]
      : []),
    ...(VolumeDriver && drivesNone
      ? [
          'WARNING: the container-wide volume-driver configuration is ignored for volumes specified via ' +
            "'mount'. Use '--mount type=volume,volume-driver=...' instead",
        ]
      : []),
  ]
}

/** The directories of the writable layer; overlayfs wants both on one file system. */
function makeDirectories({ writableLayer }: ContainerDirectory): void {
  const upper = join(writableLayer, 'upper')
  mkdirSync(upper, { recursive: true })
  mkdirSync(join(writableLayer, 'work'))
  // The root directory of the container: everybody in it passes through, whatever the engine's umask is.
  chmodSync(upper, 0o755)
}

/** Namespaces of other containers are kept by id, so that they follow when the other container is renamed. */
function withContainerIds({ containers }: Context, hostConfig: HostConfig): HostConfig {
  const changed = { ...hostConfig }
  for (const key of ['NetworkMode', 'PidMode', 'IpcMode'] as const) {
    const reference = /^container:(.+)$/.exec(hostConfig[key] ?? '')?.[1]
    if (reference) changed[key] = `container:${containers.findOther(reference).id}`
  }
  return changed
}

/** The networks of a container by name: those it asks for, or that of its network mode. */
function endpointsOf(
  { networks }: Context,
  hostConfig: HostConfig,
  asked: Readonly<Record<string, EndpointSettings>>,
): ContainerRecord['endpoints'] {
  const mode = parseNetworkMode(hostConfig.NetworkMode)
  if (typeof mode === 'object' && 'container' in mode) return {}
  // A network need not exist before the start.
  const nameOf = (reference: string) =>
    reference === 'default'
      ? 'bridge' // so called by docker run without --network
      : (networks.all().find(({ id, name }) => id === reference || name === reference)?.name ?? reference)
  const primary = typeof mode === 'string' ? mode : nameOf(mode.network)
  const endpoints = Object.fromEntries(Object.entries(asked).map(([key, settings]) => [nameOf(key), settings ?? {}]))
  if (Object.keys(endpoints).length === 0) return { [primary]: {} }
  return endpoints
}
