import { AT, CLONE, MOUNT_ATTR, MOVE_MOUNT, MS, O, OPEN_TREE } from '../../sys/constants.ts'
import { type Program, ProgramBuilder } from '../program.ts'
import type { RootSpec, UserNamespaceSpec } from '../spec.ts'
import type { ContainerFacts } from './facts.ts'
import { attach, cloneSource, inMountOrder, isBeneathSystem } from './mounts.ts'
import { enterRoot, makePrivate, mountOverlay } from './root.ts'
import { joinNamespace, MOUNT_ATTR_SIZE, mountAttr } from './steps.ts'
import { makeReadonly } from './system.ts'
import { makeAsContainerRoot } from './user.ts'

/**
 * The files of a container that does not run: its overlay, and the host's files and volumes that it mounts. As with
 * Docker nothing is in its tmpfs, its /proc, /sys and /dev.
 */
export function compileStoppedView(
  root: RootSpec,
  { mounts, overlayOptions }: Pick<ContainerFacts, 'mounts' | 'overlayOptions'>,
): Program {
  const program = ownMounts()
  const kept = inMountOrder(mounts).filter(placed => placed.mount.type === 'bind' && !isBeneathSystem(placed))
  const clones = kept.map(placed => cloneSource(program, placed))
  mountOverlay(program, root, overlayOptions)
  enterRoot(program, root.writableLayer)
  for (const clone of clones) attach(program, clone)
  if (root.readonly) makeReadonly(program, '/', { recursive: false })
  program.call('mount_setattr', [AT.FDCWD, '/', AT.RECURSIVE, harmless(), MOUNT_ATTR_SIZE], {
    words: 'disarm the files',
  })
  return program.end()
}

/**
 * The files of a container that runs, as its first process sees them: a copy of its mounts, which it does not notice.
 * @param pid its first process, in our pid namespace
 * @param root only says where the copy is mounted, for nobody else to see
 * @param mounts false: the overlay alone, without anything that is mounted in it
 */
export function compileRunningView(
  pid: number,
  root: RootSpec,
  { mounts, user }: { readonly mounts: boolean; readonly user: UserNamespaceSpec | undefined },
): Program {
  const program = ownMounts()
  const back = program.call('openat', [AT.FDCWD, '/proc/thread-self/ns/mnt', O.RDONLY | O.CLOEXEC, 0], {
    words: 'open the mount namespace',
  })
  // Mounts can be copied only from within their namespace; the copy belongs to none, and comes along.
  joinNamespace(program, `/proc/${pid}/ns/mnt`, CLONE.NEWNS)
  const recursive = mounts ? AT.RECURSIVE : 0
  const copy = program.call('open_tree', [AT.FDCWD, '/', OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC | recursive], {
    words: 'copy the mounts of the container',
  })
  program.call('setns', [back, CLONE.NEWNS], { words: 'return to the mount namespace' })
  program.call('mount_setattr', [copy, '', AT.EMPTY_PATH | AT.RECURSIVE, harmless(), MOUNT_ATTR_SIZE], {
    words: 'disarm the files',
  })
  program.call('move_mount', [copy, '', AT.FDCWD, root.writableLayer, MOVE_MOUNT.F_EMPTY_PATH], {
    words: `mount the copy on ${root.writableLayer}`,
  })
  enterRoot(program, root.writableLayer)
  makeAsContainerRoot(program, user)
  return program.end()
}

/** A mount namespace for this thread alone, and a root directory that the other threads do not share. */
function ownMounts(): ProgramBuilder {
  const program = new ProgramBuilder()
  program.call('unshare', [CLONE.FS | CLONE.NEWNS], { words: 'make a mount namespace' })
  makePrivate(program)
  return program
}

/**
 * Whoever looks at the files has all the rights of the engine: a device that the container puts in the place of a file
 * must not open for it.
 */
const harmless = (): Buffer =>
  mountAttr({ set: MOUNT_ATTR.NODEV | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NOEXEC, propagation: MS.PRIVATE })
