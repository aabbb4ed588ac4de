import { basename, dirname } from 'node:path/posix'
import { AT, MOUNT_ATTR, MOVE_MOUNT, MS, O, OPEN_TREE, RESOLVE, S_IF } from '../../sys/constants.ts'
import type { CgroupView } from '../cgroup/cgroup.ts'
import { makeDeviceNumber } from '../device-node.ts'
import { hostId } from '../id-map.ts'
import type { ProgramBuilder, Result } from '../program.ts'
import { openHow } from '../rootfs/root-files.ts'
import type { ContainerSpec, DeviceSpec } from '../spec.ts'
import type { Mask, UserFacts } from './facts.ts'
import { attachClone, cloneTree } from './mounts.ts'
import { close, MOUNT_ATTR_SIZE, makeDirectory, mountAttr, mountNew, openMadeWithinRoot, writeFile } from './steps.ts'

/** What a container has at /proc, /sys and /dev, and what of it is hidden or read-only. */

/** A directory at the top of the root in which something will be mounted that the kernel or we rely on. */
function realDirectory(program: ProgramBuilder, path: string): void {
  makeDirectory(program, path)
  // An image could have a link here, and have us mount or write elsewhere.
  const how = openHow(O.PATH | O.DIRECTORY | O.CLOEXEC, RESOLVE.NO_SYMLINKS)
  program.call('openat2', [AT.FDCWD, path, how, how.length], { words: `find a directory, not a link, at ${path}` })
}

export function mountProc(program: ProgramBuilder): void {
  realDirectory(program, '/proc')
  mountNew(program, { type: 'proc', target: '/proc' })
}

/** `net.core.somaxconn`; a name with slashes is taken as a path, since names of interfaces have dots. */
export const sysctlPath = (name: string): string => `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`

/** Right after {@link mountProc}: nothing can be mounted over the files yet, and they are still writable. */
export function writeSysctls(program: ProgramBuilder, sysctl: ContainerSpec['sysctl']): void {
  for (const [name, value] of Object.entries(sysctl))
    writeFile(program, sysctlPath(name), value, `set sysctl ${name} to ${value}`)
}

export function mountSys(program: ProgramBuilder, { privileged }: Pick<ContainerSpec, 'privileged'>): void {
  realDirectory(program, '/sys')
  const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC | (privileged ? 0 : MS.RDONLY)
  mountNew(program, { type: 'sysfs', target: '/sys', flags })
}

/** The clones of the container's own directory in each hierarchy of v1, in the host's view. */
export const cloneCgroupView = (program: ProgramBuilder, view: CgroupView): readonly Result[] =>
  view.version === 1
    ? view.hierarchies.map(({ directory }) =>
        program.call('open_tree', [AT.FDCWD, directory, OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC], {
          words: `open cgroup ${directory}`,
        }),
      )
    : []

export function mountCgroup(
  program: ProgramBuilder,
  view: CgroupView,
  clones: readonly Result[],
  { privileged }: Pick<ContainerSpec, 'privileged'>,
): void {
  const target = '/sys/fs/cgroup'
  if (view.version === 2) {
    const flags = MS.NOSUID | MS.NODEV | MS.NOEXEC | (privileged ? 0 : MS.RDONLY)
    mountNew(program, { type: 'cgroup2', source: 'cgroup', target, flags })
    return
  }
  mountNew(program, { type: 'tmpfs', source: 'cgroup', target, data: 'mode=755' })
  for (const [index, { name }] of view.hierarchies.entries()) {
    const clone = clones[index]
    if (!clone) continue
    program.call('mkdirat', [AT.FDCWD, `${target}/${name}`, 0o755], { words: `make ${target}/${name}` })
    attachClone(program, clone, `${target}/${name}`)
  }
  for (const { name, target: linked } of view.links)
    program.call('symlinkat', [linked, AT.FDCWD, `${target}/${name}`], { words: `link ${target}/${name}` })
  if (!privileged) makeReadonly(program, target, { recursive: true })
}

const links: readonly (readonly [link: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/core', '/proc/kcore'],
  ['/dev/ptmx', 'pts/ptmx'],
]

export interface Dev {
  readonly devices: readonly DeviceSpec[]
  readonly shmSize: number
  /** The /dev/shm of the ipc namespace that the container shares with somebody. */
  readonly sharedMemory: Result | undefined
  readonly user: UserFacts | undefined
}

export function mountDev(program: ProgramBuilder, { devices, shmSize, sharedMemory, user }: Dev): void {
  realDirectory(program, '/dev')
  mountNew(program, { type: 'tmpfs', target: '/dev', flags: MS.NOSUID | MS.STRICTATIME, data: 'mode=755,size=65536k' })
  program.call('umask', [0])
  for (const device of devices) makeDevice(program, device, user)
  program.call('umask', [0o022])
  for (const [link, target] of links)
    program.call('symlinkat', [target, AT.FDCWD, link], { words: `link ${link}`, tolerate: ['EEXIST'] })

  makeDirectory(program, '/dev/pts')
  const tty = user ? hostId(user.gidMappings, 5) : 5
  const pts = { flags: MS.NOSUID | MS.NOEXEC, data: `newinstance,ptmxmode=0666,mode=0620,gid=${tty}` }
  mountNew(program, { type: 'devpts', target: '/dev/pts', ...pts })

  for (const directory of ['/dev/shm', '/dev/mqueue']) makeDirectory(program, directory)
  if (sharedMemory) attachClone(program, sharedMemory, '/dev/shm')
  else mountNew(program, { type: 'tmpfs', source: 'shm', target: '/dev/shm', data: `mode=1777,size=${shmSize}` })
  // There is one for each ipc namespace, however often it is mounted.
  mountNew(program, { type: 'mqueue', target: '/dev/mqueue' })
}

function makeDevice(program: ProgramBuilder, device: DeviceSpec, user: UserFacts | undefined): void {
  const { path, type, major, minor, fileMode } = device
  const uid = user ? hostId(user.uidMappings, device.uid) : device.uid
  const gid = user ? hostId(user.gidMappings, device.gid) : device.gid
  // /dev is new, and ours; other directories may be the image's.
  const isOurs = dirname(path) === '/dev'
  const directory = isOurs ? AT.FDCWD : openMadeWithinRoot(program, dirname(path))
  const name = isOurs ? path : basename(path)
  const mode = (type === 'c' ? S_IF.CHR : S_IF.BLK) | fileMode
  const words = `make device ${path}`
  program.call('mknodat', [directory, name, mode, makeDeviceNumber(major, minor)], { words, tolerate: ['EEXIST'] })
  if (uid !== undefined && gid !== undefined && (device.uid !== 0 || device.gid !== 0))
    program.call('fchownat', [directory, name, uid, gid, AT.SYMLINK_NOFOLLOW], { words: `set the owner of ${path}` })
  if (!isOurs) close(program, directory)
}

/** Shows the terminal as /dev/console too. */
export function mountConsole(program: ProgramBuilder, terminal: Result): void {
  program.call('mknodat', [AT.FDCWD, '/dev/console', S_IF.REG | 0o600, 0], { words: 'make /dev/console' })
  const flags = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | AT.EMPTY_PATH
  const clone = program.call('open_tree', [terminal, '', flags], { words: 'open the terminal' })
  attachClone(program, clone, '/dev/console')
}

/** A path that does not exist on this machine needs no mask. */
const missing = ['ENOENT', 'ENOTDIR'] as const

export interface OpenMask extends Mask {
  /** A clone of /dev/null. */
  readonly empty?: Result
}

/**
 * Right after {@link mountDev}, while /dev/null is sure to be the node just made, and not what an image or a mount has
 * put in its place (CVE-2025-31133). The host's would not do: root in the container could change its mode.
 */
export function openMask(program: ProgramBuilder, mask: Mask): OpenMask {
  return mask.kind === 'directory' ? mask : { ...mask, empty: cloneTree(program, '/dev/null') }
}

/** Covers a file with /dev/null, a directory with an empty one. Where it is not known which, one of two steps fails. */
export function maskPath(program: ProgramBuilder, { path, kind, empty }: OpenMask): void {
  const words = `mask ${path}`
  const flags = MOVE_MOUNT.F_EMPTY_PATH | MOVE_MOUNT.T_SYMLINKS
  if (empty) program.call('move_mount', [empty, '', AT.FDCWD, path, flags], { words, tolerate: [...missing, 'EINVAL'] })
  if (kind !== 'file')
    program.call('mount', ['tmpfs', path, 'tmpfs', MS.RDONLY, 'nr_blocks=1,nr_inodes=1'], { words, tolerate: missing })
}

export function makePathReadonly(program: ProgramBuilder, path: string): void {
  const words = `make ${path} read-only`
  program.call('mount', [path, path, null, MS.BIND | MS.REC, null], { words, tolerate: missing })
  makeReadonly(program, path, { recursive: true })
}

export function makeReadonly(program: ProgramBuilder, path: string, { recursive }: { recursive: boolean }): void {
  const attr = mountAttr({ set: MOUNT_ATTR.RDONLY })
  program.call('mount_setattr', [AT.FDCWD, path, recursive ? AT.RECURSIVE : 0, attr, MOUNT_ATTR_SIZE], {
    words: `make ${path} read-only`,
    tolerate: recursive ? missing : [],
  })
}
