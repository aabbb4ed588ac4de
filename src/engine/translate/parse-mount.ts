import { posix } from 'node:path'
import type { Mount } from '../api.ts'
import { invalid, notSupported } from '../failures.ts'
import { type MountRequest, type Propagation, parseDestination, propagations, tmpfsDefaults } from './mount-request.ts'

/** What every type of mount has. */
interface Common {
  readonly destination: string
  readonly readonly: boolean
}

/** An item of `Mounts`. @throws TscomposeError ENGINE_REQUEST_INVALID */
export function parseMount(mount: Mount): MountRequest {
  if (!mount.Target) throw failure(mount, 'field Target must not be empty')
  const common = { destination: parseDestination(mount.Target), readonly: mount.ReadOnly === true }
  switch (mount.Type) {
    case 'bind':
      return bindOf(mount, common)
    case 'volume':
      return volumeOf(mount, common)
    case 'tmpfs':
      return tmpfsOf(mount, common)
    case 'image':
      return imageOf(mount, common)
    case 'npipe':
    case 'cluster':
      throw notSupported(`mount type "${mount.Type}"`)
    default:
      throw failure(mount, 'mount type unknown')
  }
}

function bindOf(mount: Mount, common: Common): MountRequest {
  if (!mount.Source) throw failure(mount, 'field Source must not be empty')
  if (!mount.Source.startsWith('/'))
    throw failure(mount, `invalid mount path: '${mount.Source}' mount path must be absolute`)
  const { NonRecursive, CreateMountpoint, ReadOnlyNonRecursive, ReadOnlyForceRecursive } = mount.BindOptions ?? {}
  if (ReadOnlyNonRecursive && ReadOnlyForceRecursive)
    throw invalid('mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive')
  const propagation = mount.BindOptions?.Propagation || 'rprivate'
  if (!propagations.includes(propagation)) throw failure(mount, `invalid propagation mode: ${propagation}`)
  return {
    type: 'bind',
    source: posix.normalize(mount.Source).replace(/(?<=.)\/$/, ''),
    ...common,
    propagation: propagation as Propagation,
    recursive: !NonRecursive,
    ...(ReadOnlyNonRecursive && { readonlySubmounts: false }),
    createSource: CreateMountpoint === true,
    mode: '',
  }
}

function volumeOf(mount: Mount, common: Common): MountRequest {
  const { NoCopy, Labels, DriverConfig, Subpath = '' } = mount.VolumeOptions ?? {}
  if (Subpath && !mount.Source) throw failure(mount, 'must not set Subpath when using anonymous volumes')
  if (!isLocal(Subpath)) throw failure(mount, 'subpath must be a relative path within the volume')
  return {
    type: 'volume',
    ...(mount.Source && { name: mount.Source }),
    driver: DriverConfig?.Name || 'local',
    driverOpts: DriverConfig?.Options ?? {},
    labels: Labels ?? {},
    ...common,
    seed: !NoCopy,
    subpath: Subpath,
    mode: 'z',
  }
}

function tmpfsOf(mount: Mount, common: Common): MountRequest {
  if (mount.Source) throw failure(mount, 'field Source must not be specified')
  const { SizeBytes, Mode, Options = [] } = mount.TmpfsOptions ?? {}
  const options = [
    ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
    ...(SizeBytes ? [`size=${SizeBytes}`] : []),
    ...Options.map(option => option.join('=')),
  ]
  return { type: 'tmpfs', ...common, options: [...tmpfsDefaults, ...options] }
}

function imageOf(mount: Mount, { destination }: Common): MountRequest {
  if (!mount.Source) throw failure(mount, 'field Source must not be empty')
  const { Subpath = '' } = mount.ImageOptions ?? {}
  if (!isLocal(Subpath)) throw failure(mount, 'subpath must be a relative path within the image')
  return { type: 'image', reference: mount.Source, subpath: Subpath, destination, readonly: true }
}

const failure = ({ Type }: Mount, message: string): Error =>
  invalid(`invalid mount config for type "${Type}": ${message}`)

const isLocal = (path: string): boolean => !path.startsWith('/') && !posix.normalize(path).startsWith('..')
