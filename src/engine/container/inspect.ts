import { join } from 'node:path'
import type { ContainerInspect, HostConfig, MountPoint } from '../api.ts'
import type { Context } from '../context.ts'
import { imageOfContainer, manifestField } from '../image/of-container.ts'
import { diskUsage } from '../store/disk-usage.ts'
import { effectiveHostConfig } from '../translate/effective.ts'
import { commandLine } from '../translate/merge-config.ts'
import type { Container } from './container.ts'
import { linksField } from './links.ts'
import { networkSettings } from './network-settings.ts'
import { apiState, type ContainerState } from './state.ts'
import { wholeConfig, wholeHostConfig } from './whole.ts'

/** `GET /containers/{id}/json`. */
export async function inspectContainer(
  context: Context,
  container: Container,
  { size = false }: { readonly size?: boolean } = {},
): Promise<ContainerInspect> {
  const { id, name, record, directory, removing, health } = container
  const [Path, ...Args] = commandLine(record.config)
  const execs = context.execs.activeIn(id).map(session => session.id)
  return {
    Id: id,
    Created: record.created,
    Path,
    Args,
    State: apiState(visibleState(container), removing, health),
    Image: record.image,
    ResolvConfPath: directory.resolvConf,
    HostnamePath: directory.hostname,
    HostsPath: directory.hosts,
    LogPath: record.hostConfig.LogConfig?.Type === 'none' ? '' : join(directory.root, 'log'),
    Name: `/${name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    ...(await manifestField(context, record)),
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: container.run?.spec.process.apparmorProfile ?? '',
    ExecIDs: execs.length > 0 ? execs : null,
    HostConfig: wholeHostConfig({ ...hostConfigOf(container), ...linksField(context, container) }),
    GraphDriver: { Name: 'overlay2', Data: await layerDirectories(context, container) },
    ...(size && (await layerSizes(context, container))),
    Mounts: mountPoints(context, container),
    Config: wholeConfig(record.config),
    NetworkSettings: networkSettings(context, container),
  }
}

/** Between the two halves of a restart that somebody asked for, a container is restarting, as it is by its policy. */
const visibleState = ({ state, restarting }: Container): ContainerState =>
  restarting && state.status === 'exited' ? { ...state, status: 'restarting' } : state

/** The limits of a container that runs are those in force. */
function hostConfigOf({ record: { hostConfig }, run }: Container): HostConfig {
  const asked = run?.spec.resources ?? {}
  if (!run || Object.keys(asked).length === 0) return hostConfig
  return effectiveHostConfig(hostConfig, asked, run.process.limits(asked))
}

const upperOf = ({ directory }: Container): string => join(directory.writableLayer, 'upper')

async function layerDirectories(context: Context, container: Container): Promise<Record<string, string> | null> {
  const image = await imageOfContainer(context, container.record)
  if (!image) return null
  return {
    LowerDir: context.images.lowerdirs(image).join(':'),
    UpperDir: upperOf(container),
    WorkDir: join(container.directory.writableLayer, 'work'),
  }
}

/** `SizeRw` and `SizeRootFs`. */
export async function layerSizes(
  context: Context,
  container: Container,
): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const [image, SizeRw] = await Promise.all([
    imageOfContainer(context, container.record),
    diskUsage(upperOf(container)),
  ])
  return { SizeRw, SizeRootFs: SizeRw + (image?.size ?? 0) }
}

/** `Mounts` of inspect and of the list. */
export const mountPoints = ({ volumes }: Context, { record }: Container): MountPoint[] =>
  record.mounts.map(mount => {
    const common = { Type: mount.type, Destination: mount.destination, RW: !mount.readonly, Mode: '', Propagation: '' }
    if (mount.type === 'tmpfs') return { ...common, Source: '' }
    if (mount.type === 'image') return { ...common, Source: mount.reference }
    if (mount.type === 'bind') {
      return { ...common, Source: mount.source, Mode: mount.mode, Propagation: mount.propagation }
    }
    const { name, driver, mode } = mount
    return { ...common, Name: name, Source: volumes.mountpoint(name), Driver: driver, Mode: mode }
  })
