import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { MountSpec, NamespaceChoice } from '../../runtime/spec.ts'
import type { Context } from '../context.ts'
import { isRestarting, notRunning, stateConflict } from '../failures.ts'
import type { NamespaceMode, NamespaceModes } from '../translate/namespace-modes.ts'
import type { Container } from './container.ts'
import { isAlive } from './state.ts'

interface Namespaces {
  readonly pid: NamespaceChoice
  readonly ipc: NamespaceChoice
  /** What goes along with a shared ipc namespace: the same /dev/shm. */
  readonly mounts: readonly MountSpec[]
}

/** The pid and ipc namespaces of a container, which may be those of another one. */
export async function chooseNamespaces(
  context: Context,
  container: Container,
  { pid, ipc }: NamespaceModes,
): Promise<Namespaces> {
  return {
    pid: choose(context, pid, 'pid'),
    ipc: ipc === 'shareable' || ipc === 'none' ? 'private' : choose(context, ipc, 'ipc'),
    mounts: await sharedMemory(context, container, ipc),
  }
}

function choose(context: Context, mode: NamespaceMode, kind: 'pid' | 'ipc'): NamespaceChoice {
  if (typeof mode === 'string') return mode
  return { path: `/proc/${donorOf(context, mode.container).pid}/ns/${kind}` }
}

function donorOf({ containers }: Context, reference: string): { donor: Container; pid: number } {
  const donor = containers.find(reference)
  if (donor.state.status === 'restarting') throw isRestarting(donor.id)
  if (!isAlive(donor.state) || !('pid' in donor.state)) throw notRunning(donor.id)
  return { donor, pid: donor.state.pid }
}

/**
 * POSIX shared memory is a file system, not a part of the ipc namespace: containers that share the one must share the
 * other, so a container that others may join has its /dev/shm in a directory of the host.
 */
async function sharedMemory(
  context: Context,
  container: Container,
  ipc: NamespaceModes['ipc'],
): Promise<readonly MountSpec[]> {
  const bind = (source: string): MountSpec[] => [{ type: 'bind', source, destination: '/dev/shm', readonly: false }]
  if (ipc === 'host') return bind('/dev/shm')
  if (ipc === 'shareable') {
    const directory = sharedMemoryDirectory(context, container.id)
    await mkdir(directory, { recursive: true, mode: 0o1777 })
    return bind(directory)
  }
  if (typeof ipc !== 'object') return []
  const { donor } = donorOf(context, ipc.container)
  const mode = donor.record.hostConfig.IpcMode
  if (mode === 'host') return bind('/dev/shm')
  if (mode !== 'shareable') {
    throw stateConflict(
      `can't join IPC of container ${ipc.container}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    )
  }
  return bind(sharedMemoryDirectory(context, donor.id))
}

export const sharedMemoryDirectory = ({ directories }: Context, id: string): string => join(directories.run, 'shm', id)
