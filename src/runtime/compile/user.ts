import { AT, CLONE, MOUNT_ATTR, O, OPEN_TREE } from '../../sys/constants.ts'
import { hostId } from '../id-map.ts'
import { descriptor, type ProgramBuilder, type Result } from '../program.ts'
import type { UserNamespaceSpec } from '../spec.ts'
import type { ProcessFacts } from './facts.ts'
import { attachClone } from './mounts.ts'
import { close, MOUNT_ATTR_SIZE, mountAttr, openNamespace } from './steps.ts'

/**
 * A container whose root is nobody on the host. All that is set up for it is still done with the host's rights: its
 * layers are shown with shifted owners (an idmapped mount, mount_setattr(2)), so nothing on the disk is copied or
 * changed; what is made has the ids of the container's root; and the last thing before rights are given up is to join
 * the user namespace, in which there are no rights over anything else.
 */

const PR_SET_SECUREBITS = 28
/** capabilities(7), SECBIT_NO_SETUID_FIXUP: a change of ids leaves the capabilities as they are. */
const NO_SETUID_FIXUP = 4

/** Opens the namespace, under a number that mount_setattr(2) can be given. */
export function openUserNamespace(program: ProgramBuilder, { user }: ProcessFacts): void {
  if (!user) return
  const fd = openNamespace(program, user.path)
  program.call('dup3', [fd, descriptor.user, O.CLOEXEC], { words: 'keep the user namespace' })
  close(program, fd)
}

/** From here on, what is made belongs to the container's root. */
export function makeAsContainerRoot(program: ProgramBuilder, user: UserNamespaceSpec | undefined): void {
  if (!user) return
  program.call('prctl', [PR_SET_SECUREBITS, NO_SETUID_FIXUP, 0, 0, 0], { words: 'keep capabilities' })
  program.call('setfsgid', [hostId(user.gidMappings, 0) ?? 0], { words: 'make files as the group of the container' })
  program.call('setfsuid', [hostId(user.uidMappings, 0) ?? 0], { words: 'make files as the root of the container' })
}

/** Shows a directory of the host with the owners that it has in the container, at its own path. */
export const shiftOwners = (program: ProgramBuilder, path: string): void =>
  attachClone(program, shiftedClone(program, path), path)

/** Such a mount that is nowhere attached. */
export function shiftedClone(program: ProgramBuilder, path: string): Result {
  const words = `shift the owners of ${path}`
  const clone = program.call('open_tree', [AT.FDCWD, path, OPEN_TREE.CLONE | OPEN_TREE.CLOEXEC], { words })
  const attr = mountAttr({ set: MOUNT_ATTR.IDMAP, userNamespace: descriptor.user })
  program.call('mount_setattr', [clone, '', AT.EMPTY_PATH, attr, MOUNT_ATTR_SIZE], { words })
  return clone
}

/** Gives up all rights over what is not the container's. */
export function joinUserNamespace(program: ProgramBuilder, { user }: ProcessFacts): void {
  if (!user) return
  program.call('setns', [descriptor.user, CLONE.NEWUSER], { words: 'join the user namespace' })
  close(program, descriptor.user)
}
