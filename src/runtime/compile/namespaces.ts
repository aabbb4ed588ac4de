import { AF, AT, CLONE, O, SOCK } from '../../sys/constants.ts'
import type { CgroupJoin } from '../cgroup/cgroup.ts'
import { descriptor, type ProgramBuilder, type Result } from '../program.ts'
import type { NamespaceChoice, NamespacesSpec } from '../spec.ts'
import { cloneTree } from './mounts.ts'
import { close, joinNamespace, openNamespace } from './steps.ts'

const ownNamespaces = {
  pid: CLONE.NEWPID,
  ipc: CLONE.NEWIPC,
  uts: CLONE.NEWUTS,
  network: CLONE.NEWNET,
} as const
type Kind = keyof typeof ownNamespaces
const kinds = Object.entries(ownNamespaces) as [Kind, number][]

const isPath = (choice: NamespaceChoice): choice is { readonly path: string } => typeof choice === 'object'

/** The flags of those that are to be made, but for the mount namespace, of which everything else needs the host's view. */
const fresh = (namespaces: NamespacesSpec, made: readonly Kind[]): number =>
  kinds.reduce((bits, [kind, flag]) => bits | (made.includes(kind) && namespaces[kind] === 'private' ? flag : 0), 0)

/**
 * The namespaces of a container that its monitor makes before there is a program, and the process inherits. They see
 * nothing of files and processes, so the monitor can be in them.
 */
export const namespacesOfMonitor = (namespaces: NamespacesSpec): number => fresh(namespaces, ['network', 'ipc', 'uts'])

/**
 * The clone that starts a container. Its child is in its cgroup, and in the namespaces the container has or shares, but
 * for a pid namespace that it shares: {@link enterPidNamespace}.
 * @returns the pid namespace to be entered
 */
export function enterNamespaces(
  program: ProgramBuilder,
  namespaces: NamespacesSpec,
  join: CgroupJoin,
): Result | undefined {
  startInCgroup(program, CLONE.NEWNS | fresh(namespaces, ['pid']), join)

  for (const [kind, flag] of kinds) {
    const choice = namespaces[kind]
    if (isPath(choice) && kind !== 'pid') joinNamespace(program, choice.path, flag)
  }
  if (namespaces.network === 'private') bringUpLoopback(program)
  // After the cgroup is joined: the one a process is in becomes the root of its new namespace.
  if (namespaces.cgroup === 'private') program.call('unshare', [CLONE.NEWCGROUP], { words: 'make a cgroup namespace' })
  else if (isPath(namespaces.cgroup)) joinNamespace(program, namespaces.cgroup.path, CLONE.NEWCGROUP)
  return isPath(namespaces.pid) ? openNamespace(program, namespaces.pid.path) : undefined
}

/**
 * When nothing of the host's is open or in view any more: whoever is in that namespace and has CAP_SYS_PTRACE can look
 * into the newcomer. A process is never moved to another pid namespace, only its later children are.
 */
export function enterPidNamespace(program: ProgramBuilder, namespace: Result): void {
  program.call('setns', [namespace, CLONE.NEWPID], { words: 'join the pid namespace' })
  close(program, namespace)
  program.clone(CLONE.PARENT, 'exit')
}

/** netdevice(7); the loopback device gets its addresses from the kernel as it comes up. */
function bringUpLoopback(program: ProgramBuilder): void {
  const request = Buffer.alloc(IFREQ_SIZE)
  request.write('lo')
  request.writeInt16LE(IFF_UP, IFNAMSIZ)
  const words = 'bring up the loopback device'
  const socket = program.call('socket', [AF.INET, SOCK.DGRAM | SOCK.CLOEXEC, 0], { words })
  program.call('ioctl', [socket, SIOCSIFFLAGS, request], { words })
  close(program, socket)
}
/** `struct ifreq` */
const IFREQ_SIZE = 40
const IFNAMSIZ = 16
const IFF_UP = 1
const SIOCSIFFLAGS = 0x8914

/** The clone after which all that a process does is on its cgroup's account. */
export function startInCgroup(
  program: ProgramBuilder,
  flags: number,
  join: CgroupJoin,
  directory: number = descriptor.inherited,
): void {
  if (join.how === 'clone') {
    program.clone(flags + CLONE.INTO_CGROUP, 'monitor', directory)
    close(program, directory)
    return
  }
  program.clone(flags, 'monitor')
  for (const file of join.files) {
    const words = `join cgroup ${file.slice(0, file.lastIndexOf('/'))}`
    const fd = program.call('openat', [AT.FDCWD, file, O.WRONLY | O.CLOEXEC, 0], { words })
    program.call('write', [fd, '0', 1], { words })
    close(program, fd)
  }
}

/**
 * /dev/shm belongs to an ipc namespace by custom only: who shares the namespace is to share that mount, the host's or
 * that of the container which owns it.
 */
export function cloneSharedMemory(program: ProgramBuilder, { ipc }: NamespacesSpec): Result | undefined {
  if (ipc === 'private') return undefined
  if (ipc === 'host') return cloneTree(program, '/dev/shm')
  // Mounts of another mount namespace can be cloned only from within it; the clone belongs to none, and comes along.
  const back = program.call('openat', [AT.FDCWD, '/proc/self/ns/mnt', O.RDONLY | O.CLOEXEC, 0], {
    words: 'open the mount namespace',
  })
  joinNamespace(program, ipc.path.replace(/ipc$/, 'mnt'), CLONE.NEWNS)
  const shared = cloneTree(program, '/dev/shm')
  program.call('setns', [back, CLONE.NEWNS], { words: 'return to the mount namespace' })
  close(program, back)
  return shared
}
