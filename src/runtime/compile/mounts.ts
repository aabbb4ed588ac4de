import { AT, MOUNT_ATTR, MOVE_MOUNT, MS, O, OPEN_TREE, RESOLVE } from '../../sys/constants.ts'
import { descriptor, type ProgramBuilder, type Result } from '../program.ts'
import { openHow } from '../rootfs/root-files.ts'
import type { MountSpec } from '../spec.ts'
import type { PlacedMount, UserFacts } from './facts.ts'
import { parseMountOptions } from './mount-options.ts'
import { mountOverlay } from './root.ts'
import {
  close,
  MOUNT_ATTR_SIZE,
  makeDirectories,
  makeFile,
  makeFileWithinRoot,
  makeWithinRoot,
  mountAttr,
} from './steps.ts'

type Bind = Extract<MountSpec, { type: 'bind' }>
type Overlay = Extract<MountSpec, { type: 'overlay' }>
type Tmpfs = Extract<MountSpec, { type: 'tmpfs' }>

const depth = ({ mount: { destination } }: PlacedMount) => destination.split('/').filter(Boolean).length

/** In the order in which they must be made: outer before inner, otherwise as given. */
export const inMountOrder = (mounts: readonly PlacedMount[]): readonly PlacedMount[] =>
  mounts.toSorted((a, b) => depth(a) - depth(b))

/**
 * Mounts whose destination is written as /proc, /sys or /dev or beneath. They come after those directories are set up,
 * all others before: so no link in an image or a volume can lead one of those into procfs (CVE-2019-19921).
 */
export const isBeneathSystem = ({ mount: { destination } }: PlacedMount): boolean =>
  /^\/+(proc|sys|dev)(\/|$)/.test(destination)

/** A mount of the host's, cloned while its path can still be resolved, not yet attached anywhere. */
export interface ClonedMount extends PlacedMount {
  /** Absent for a tmpfs, and so far for a path of a tree: {@link mountTrees}. */
  readonly clone?: Result
}

export function cloneSource(program: ProgramBuilder, placed: PlacedMount, user?: UserFacts): ClonedMount {
  const { mount } = placed
  return mount.type === 'bind' ? { ...placed, clone: cloneBind(program, mount, user) } : placed
}

function cloneBind(
  program: ProgramBuilder,
  { source, subpath, owned, recursive = true, readonly, readonlySubmounts = true, propagation, attributes = [] }: Bind,
  user: UserFacts | undefined,
): Result {
  const clone = subpath
    ? cloneWithin(program, source, subpath, { recursive })
    : cloneTree(program, source, { recursive })
  const shift = user && owned
  const set = (flags: number, attr: Uint8Array) =>
    program.call('mount_setattr', [clone, '', AT.EMPTY_PATH | flags, attr, MOUNT_ATTR_SIZE], {
      words: `set the options of ${source}`,
    })
  const everywhere = readonly && readonlySubmounts
  const attr = mountAttr({
    set: attributes.reduce(
      (set, name) => set | attributeFlags[name],
      (everywhere ? MOUNT_ATTR.RDONLY : 0) | (shift ? MOUNT_ATTR.IDMAP : 0),
    ),
    propagation: propagationFlag(propagation ?? 'rprivate'),
    userNamespace: shift ? descriptor.user : 0,
  })
  // Propagation and read-only in one call; both for submounts too, as Docker has it since kernels can do it.
  set(recursive ? AT.RECURSIVE : 0, attr)
  if (readonly && !everywhere) set(0, mountAttr({ set: MOUNT_ATTR.RDONLY }))
  return clone
}

/**
 * Mounts the trees of layers that mounts are taken from; the mounts must be private already, and the host's paths still
 * be visible.
 */
export function mountTrees(
  program: ProgramBuilder,
  mounts: readonly ClonedMount[],
  options: readonly string[],
  user?: UserFacts,
): readonly ClonedMount[] {
  return mounts.map(placed => {
    const { mount } = placed
    return mount.type === 'overlay' ? { ...placed, clone: cloneOverlay(program, mount, options, user) } : placed
  })
}

function cloneOverlay(
  program: ProgramBuilder,
  { layers, source, readonly }: Overlay,
  options: readonly string[],
  user: UserFacts | undefined,
): Result {
  mountOverlay(program, layers, options, user)
  const clone = cloneWithin(program, layers.writableLayer, source, { recursive: false })
  const attr = mountAttr({ set: readonly ? MOUNT_ATTR.RDONLY : 0 })
  program.call('mount_setattr', [clone, '', AT.EMPTY_PATH, attr, MOUNT_ATTR_SIZE], {
    words: `set the options of ${source}`,
  })
  return clone
}

/** A path of a directory that others may be changing: the kernel follows its links within that directory. */
function cloneWithin(
  program: ProgramBuilder,
  directory: string,
  path: string,
  { recursive }: { readonly recursive: boolean },
): Result {
  const words = `open ${path} in ${directory}`
  const root = program.call('openat', [AT.FDCWD, directory, O.PATH | O.DIRECTORY | O.CLOEXEC, 0], { words })
  const how = openHow(O.PATH | O.CLOEXEC, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS)
  const found = program.call('openat2', [root, path, how, how.length], { words })
  const flags = AT.EMPTY_PATH | OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | (recursive ? AT.RECURSIVE : 0)
  const clone = program.call('open_tree', [found, '', flags], { words })
  close(program, root, found)
  return clone
}

const attributeFlags = { nosuid: MOUNT_ATTR.NOSUID, nodev: MOUNT_ATTR.NODEV, noexec: MOUNT_ATTR.NOEXEC } as const

const propagationFlag = (propagation: NonNullable<Bind['propagation']>) =>
  ({ private: MS.PRIVATE, slave: MS.SLAVE, shared: MS.SHARED })[propagation.replace(/^r/, '') as 'private']

/** open_tree(2) of a path as it is seen at this step. */
export function cloneTree(program: ProgramBuilder, path: string, { recursive = false } = {}): Result {
  const flags = OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | (recursive ? AT.RECURSIVE : 0)
  return program.call('open_tree', [AT.FDCWD, path, flags], { words: `open ${path}` })
}

/** Puts a clone where it belongs; from here it is seen at `target`. */
export function attachClone(program: ProgramBuilder, clone: Result, target: string): void {
  const flags = MOVE_MOUNT.F_EMPTY_PATH | MOVE_MOUNT.T_SYMLINKS
  program.call('move_mount', [clone, '', AT.FDCWD, target, flags], { words: `mount on ${target}` })
  close(program, clone)
}

/** Makes the mountpoint and mounts; within the container's root. */
export function attach(program: ProgramBuilder, cloned: ClonedMount): void {
  const { mount, clone, kind, mountpoint } = cloned
  // Only where procfs is mounted are there magic links; elsewhere links may lead to what does not exist yet.
  const [makePlace, makeFilePlace] = isBeneathSystem(cloned)
    ? [makeWithinRoot, makeFileWithinRoot]
    : [makeDirectories, makeFile]
  if (kind === 'directory') makePlace(program, mountpoint)
  else makeFilePlace(program, mountpoint)
  if (mount.type === 'tmpfs') mountTmpfs(program, mount)
  else if (clone) attachClone(program, clone, mount.destination)
}

function mountTmpfs(program: ProgramBuilder, { destination, readonly, options }: Tmpfs): void {
  const { flags, data } = parseMountOptions(options, MS.NOSUID | MS.NODEV | MS.NOEXEC)
  const all = flags | (readonly ? MS.RDONLY : 0)
  program.call('mount', ['tmpfs', destination, 'tmpfs', all, data || null], { words: `mount tmpfs on ${destination}` })
}
