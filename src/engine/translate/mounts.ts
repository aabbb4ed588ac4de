import { posix } from 'node:path'
import type { HostConfig } from '../api.ts'
import { invalid } from '../failures.ts'
import { type MountRequest, type Propagation, parseDestination, propagations, tmpfsDefaults } from './mount-request.ts'
import { parseMount } from './parse-mount.ts'

/** The options of a bind mount; of each kind there may be one. */
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
      destination: parseDestination(first),
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
