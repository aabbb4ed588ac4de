import { closeSync, fstatSync, openSync, type Stats, statSync } from 'node:fs'
import { posix } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { O } from '../../sys/constants.ts'
import { SystemError } from '../../sys/kernel.ts'
import type { PlacedMount } from '../compile/facts.ts'
import { layersOf, resolveMerged } from '../rootfs/merged-tree.ts'
import { openInRoot } from '../rootfs/root-files.ts'
import type { ContainerSpec, MountSpec } from '../spec.ts'

/**
 * Looks at both ends of each mount.
 * @throws TscomposeError RUNTIME_MOUNT_INVALID if a source does not exist or a destination cannot be mounted on
 */
export function placeMounts({ root, mounts }: Pick<ContainerSpec, 'root' | 'mounts'>): readonly PlacedMount[] {
  const layers = layersOf(root)
  return mounts.map(given => {
    const destination = posix.normalize(given.destination).replace(/(.)\/$/, '$1')
    if (!destination.startsWith('/') || destination === '/')
      throw new TscomposeError('RUNTIME_MOUNT_INVALID', `"${given.destination}" is no place for a mount`)
    if (isWithinProc(destination) && !mountableInProc.has(destination))
      throw new TscomposeError('RUNTIME_MOUNT_INVALID', `"${destination}" cannot be mounted because it is inside /proc`)
    const mount: MountSpec = { ...given, destination }
    const kind = kindOf(mount)
    const found = resolveMerged(layers, destination)
    if (
      found.kind !== 'missing' &&
      (found.kind === 'directory') !== (kind === 'directory') &&
      !isCovered(mount, mounts)
    )
      throw unlike(mount, kind)
    return { mount, kind, mountpoint: found.path }
  })
}

/** What is at its destination when it is mounted is not what the image has there. */
const isCovered = ({ destination }: MountSpec, mounts: readonly MountSpec[]): boolean =>
  /^\/(proc|sys|dev)(\/|$)/.test(destination) ||
  mounts.some(other => destination.startsWith(`${posix.normalize(other.destination).replace(/\/$/, '')}/`))

/** The kernel would say EINVAL. The first words are Docker's. */
function unlike(mount: MountSpec, kind: PlacedMount['kind']): TscomposeError {
  const { destination } = mount
  const source = 'source' in mount ? mount.source : 'a tmpfs'
  const [is, shouldBe] = kind === 'directory' ? ['directory', 'file'] : ['file', 'directory']
  return new TscomposeError(
    'RUNTIME_MOUNT_INVALID',
    `error mounting "${source}" to rootfs at "${destination}": ${source} is a ${is}, ${destination} a ${shouldBe}`,
    {
      ...(kind === 'directory' && {
        fix: `Where a source is missing, a directory is made: is ${source} one of these?`,
      }),
    },
  )
}

/**
 * What may be shown instead of the kernel's own: files that tell, such as lxcfs makes. Everything else of procfs is left
 * as it is, for this program, and others, rely on it (CVE-2019-16884, CVE-2025-52881); runc has the same list.
 */
const mountableInProc: ReadonlySet<string> = new Set(
  ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'net/dev', 'slabinfo', 'stat', 'swaps', 'uptime']
    .concat('sys/crypto/fips_enabled', 'sys/kernel/ns_last_pid')
    .map(name => `/proc/${name}`),
)

const isWithinProc = (path: string): boolean => /^\/+proc(\/|$)/.test(path)

function kindOf(mount: MountSpec): PlacedMount['kind'] {
  if (mount.type === 'tmpfs') return 'directory'
  if (mount.type === 'overlay') return kindInTree(mount)
  const stat = mount.subpath
    ? statWithin(mount.source, mount.subpath)
    : statSync(mount.source, { throwIfNoEntry: false })
  if (!stat)
    throw new TscomposeError(
      'RUNTIME_MOUNT_INVALID',
      `bind source path does not exist: ${posix.join(mount.source, mount.subpath ?? '')}`,
    )
  return stat.isDirectory() ? 'directory' : 'file'
}

/** What a path of a volume leads to, within which all of its links stay: containers make them. */
function statWithin(directory: string, path: string): Stats | undefined {
  const root = openSync(directory, O.PATH | O.DIRECTORY | O.CLOEXEC)
  try {
    const found = openInRoot(root, path, O.PATH | O.CLOEXEC)
    try {
      return fstatSync(found)
    } finally {
      closeSync(found)
    }
  } catch (error) {
    if (error instanceof SystemError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined
    throw error
  } finally {
    closeSync(root)
  }
}

function kindInTree({ layers, source }: Extract<MountSpec, { type: 'overlay' }>): PlacedMount['kind'] {
  const { kind } = resolveMerged([`${layers.writableLayer}/upper`, ...layers.lowerdirs], source)
  if (kind === 'missing')
    throw new TscomposeError('RUNTIME_MOUNT_INVALID', `bind source path does not exist: ${source}`)
  return kind === 'directory' ? 'directory' : 'file'
}
