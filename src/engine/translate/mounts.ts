import { posix } from 'node:path'
import type { MountSpec } from '../../runtime/spec.ts'
import type { HostConfig, Labels, Mount } from '../api.ts'
import { invalid, notSupported } from '../failures.ts'

type Propagation = NonNullable<Extract<MountSpec, { type: 'bind' }>['propagation']>

/** A mount as a container asks for it, whatever notation it came in. Destinations are clean absolute paths. */
export type MountRequest =
  | {
      readonly type: 'bind'
      readonly source: string
      readonly destination: string
      readonly readonly: boolean
      readonly propagation: Propagation
      readonly recursive: boolean
      /** False: of a read-only one, submounts of the source stay as they are. */
      readonly readonlySubmounts?: boolean
      /** Whether a source that does not exist is made (as a directory) rather than an error. */
      readonly createSource: boolean
      /** The options as they were written, for inspect. */
      readonly mode: string
    }
  | {
      readonly type: 'volume'
      /** Absent: a volume of its own, which goes with the container. */
      readonly name?: string
      readonly driver: string
      readonly driverOpts: Labels
      readonly labels: Labels
      readonly destination: string
      readonly readonly: boolean
      /** Whether a volume that is empty is filled with what the image has at `destination`. */
      readonly seed: boolean
      /** A path within the volume. */
      readonly subpath: string
      readonly mode: string
    }
  | {
      readonly type: 'tmpfs'
      readonly destination: string
      readonly readonly: boolean
      readonly options: readonly string[]
    }
  /** What is in an image, read-only. */
  | {
      readonly type: 'image'
      readonly reference: string
      /** A path in it; empty: its root. */
      readonly subpath: string
      readonly destination: string
      readonly readonly: true
    }

const propagations: readonly string[] = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared']
const optionKinds: readonly (readonly string[])[] = [
  ['ro', 'rw'],
  ['z', 'Z'],
  propagations,
  ['nocopy'],
  ['consistent', 'cached', 'delegated', 'default'],
]

function isMode(mode: string): boolean {
  const seen = new Set<readonly string[]>()
  return mode.split(',').every(option => {
    const kind = optionKinds.find(options => options.includes(option))
    if (!kind || seen.has(kind)) return false
    seen.add(kind)
    return true
  })
}

const hasOption = (mode: string, option: string): boolean => mode.split(',').includes(option)
const propagationIn = (mode: string): Propagation | undefined =>
  mode.split(',').find((option): option is Propagation => propagations.includes(option))

/** @throws TscomposeError ENGINE_REQUEST_INVALID unless `path` is absolute and not the root */
function parseDestination(path: string): string {
  const clean = posix.normalize(path).replace(/(?<=.)\/$/, '')
  if (clean === '/') throw invalid(`invalid specification: destination can't be '/'`)
  if (!clean.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`)
  return clean
}

const volumeDefaults = { driver: 'local', driverOpts: {}, labels: {}, subpath: '' }

/** An item of `Binds`: `/host/path:/path[:options]`, `volume:/path[:options]`, `/path`. */
export function parseBind(text: string, volumeDriver = 'local'): MountRequest {
  const parts = text.split(':')
  const [first = '', second, mode = ''] = parts
  if (first === '' || parts.length > 3 || (parts.length === 2 && second !== undefined && isMode(second))) {
    throw invalid(`invalid volume specification: '${text}'`)
  }
  if (mode !== '' && !isMode(mode)) throw invalid(`invalid mode: ${mode}`)
  const readonly = hasOption(mode, 'ro')
  if (second === undefined) {
    return {
      type: 'volume',
      ...volumeDefaults,
      driver: volumeDriver,
      ...{ destination: parseDestination(first) },
      readonly,
      seed: true,
      mode,
    }
  }
  const destination = parseDestination(second)
  if (first.startsWith('/')) {
    const source = posix.normalize(first).replace(/(?<=.)\/$/, '')
    const propagation = propagationIn(mode) ?? 'rprivate'
    return { type: 'bind', source, destination, readonly, propagation, recursive: true, createSource: true, mode }
  }
  const seed = !hasOption(mode, 'nocopy')
  return { type: 'volume', ...volumeDefaults, driver: volumeDriver, name: first, destination, readonly, seed, mode }
}

/** An item of `Mounts`. */
export function parseMount(mount: Mount): MountRequest {
  const fail = (message: string) => invalid(`invalid mount config for type "${mount.Type}": ${message}`)
  if (!mount.Target) throw fail('field Target must not be empty')
  const destination = parseDestination(mount.Target)
  const readonly = mount.ReadOnly === true
  switch (mount.Type) {
    case 'bind': {
      if (!mount.Source) throw fail('field Source must not be empty')
      if (!mount.Source.startsWith('/')) {
        throw fail(`invalid mount path: '${mount.Source}' mount path must be absolute`)
      }
      const { NonRecursive, CreateMountpoint, ReadOnlyNonRecursive, ReadOnlyForceRecursive } = mount.BindOptions ?? {}
      if (ReadOnlyNonRecursive && ReadOnlyForceRecursive)
        throw invalid('mount options conflict: ReadOnlyNonRecursive && ReadOnlyForceRecursive')
      const propagation = mount.BindOptions?.Propagation || 'rprivate'
      if (!propagations.includes(propagation)) throw fail(`invalid propagation mode: ${propagation}`)
      return {
        type: 'bind',
        source: posix.normalize(mount.Source).replace(/(?<=.)\/$/, ''),
        destination,
        readonly,
        propagation: propagation as Propagation,
        recursive: !NonRecursive,
        ...(ReadOnlyNonRecursive && { readonlySubmounts: false }),
        createSource: CreateMountpoint === true,
        mode: '',
      }
    }
    case 'volume': {
      const { NoCopy, Labels = {}, DriverConfig, Subpath = '' } = mount.VolumeOptions ?? {}
      if (Subpath && !mount.Source) throw fail('must not set Subpath when using anonymous volumes')
      if (!isLocal(Subpath)) throw fail('subpath must be a relative path within the volume')
      return {
        type: 'volume',
        ...(mount.Source && { name: mount.Source }),
        driver: DriverConfig?.Name || 'local',
        driverOpts: DriverConfig?.Options ?? {},
        labels: Labels ?? {},
        destination,
        readonly,
        seed: !NoCopy,
        subpath: Subpath,
        mode: 'z',
      }
    }
    case 'tmpfs': {
      if (mount.Source) throw fail('field Source must not be specified')
      const { SizeBytes, Mode, Options = [] } = mount.TmpfsOptions ?? {}
      const options = [
        ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
        ...(SizeBytes ? [`size=${SizeBytes}`] : []),
        ...Options.map(option => option.join('=')),
      ]
      return { type: 'tmpfs', destination, readonly, options: [...tmpfsDefaults, ...options] }
    }
    case 'image': {
      if (!mount.Source) throw fail('field Source must not be empty')
      const { Subpath = '' } = mount.ImageOptions ?? {}
      if (!isLocal(Subpath)) throw fail('subpath must be a relative path within the image')
      return { type: 'image', reference: mount.Source, subpath: Subpath, destination, readonly: true }
    }
    case 'npipe':
    case 'cluster':
      throw notSupported(`mount type "${mount.Type}"`)
    default:
      throw fail('mount type unknown')
  }
}

const isLocal = (path: string): boolean => !path.startsWith('/') && !posix.normalize(path).startsWith('..')

/** What Docker mounts a tmpfs with before its own options. */
const tmpfsDefaults = ['noexec', 'nosuid', 'nodev']

/** An entry of `Tmpfs`: a path and the options of mount(8) as one text. */
function parseTmpfs(path: string, options: string): MountRequest {
  const list = options.split(',').filter(option => option !== '')
  return {
    type: 'tmpfs',
    destination: parseDestination(path),
    readonly: hasOption(options, 'ro'),
    options: [...tmpfsDefaults, ...list.filter(option => option !== 'ro' && option !== 'rw')],
  }
}

/**
 * Everything a container mounts: `Binds`, `Mounts`, `Tmpfs`, what it takes from other containers, and a volume for each
 * path its configuration declares as one and nothing else is mounted on.
 * @param taken the mounts that `VolumesFrom` brings
 * @throws TscomposeError ENGINE_REQUEST_INVALID, also where two of them have the same destination
 */
export function parseMounts(
  host: Pick<HostConfig, 'Binds' | 'Mounts' | 'Tmpfs' | 'VolumeDriver'>,
  declared: Readonly<Record<string, object>>,
  taken: readonly MountRequest[] = [],
): readonly MountRequest[] {
  const own = new Map<string, MountRequest>()
  const add = (mount: MountRequest) => {
    if (own.has(mount.destination)) throw invalid(`Duplicate mount point: ${mount.destination}`)
    own.set(mount.destination, mount)
  }
  for (const bind of host.Binds ?? []) add(parseBind(bind, host.VolumeDriver || 'local'))
  for (const mount of host.Mounts ?? []) add(parseMount(mount))
  for (const [path, options] of Object.entries(host.Tmpfs ?? {})) add(parseTmpfs(path, options))
  const all = new Map([...taken.map((mount): [string, MountRequest] => [mount.destination, mount]), ...own])
  for (const path of Object.keys(declared)) {
    const destination = parseDestination(path)
    if (all.has(destination)) continue
    all.set(destination, {
      type: 'volume',
      ...volumeDefaults,
      driver: host.VolumeDriver || 'local',
      destination,
      readonly: false,
      seed: true,
      mode: '',
    })
  }
  return [...all.values()]
}

const depth = (path: string): number => path.split('/').length

/** Outer mounts before those within them. */
export const byDepth = <T extends { readonly destination: string }>(mounts: readonly T[]): readonly T[] =>
  mounts.toSorted((a, b) => depth(a.destination) - depth(b.destination))
