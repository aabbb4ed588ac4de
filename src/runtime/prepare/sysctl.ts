import { TscomposeError } from '../../errors.ts'
import type { ContainerSpec } from '../spec.ts'

const ipcNames = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
])

/**
 * Only what a namespace of the container's own has may be set: anything else would change the machine.
 * @throws TscomposeError RUNTIME_SYSCTL_REFUSED
 */
export function checkSysctls({ sysctl, namespaces }: Pick<ContainerSpec, 'sysctl' | 'namespaces'>): void {
  for (const name of Object.keys(sysctl)) {
    const dotted = name.replaceAll('/', '.')
    if (!/^[\w-]+([./][\w:@-]+)+$/.test(name)) throw refused(name, 'it is no name of a sysctl')
    if (ipcNames.has(dotted) || dotted.startsWith('fs.mqueue.')) {
      if (namespaces.ipc === 'host') throw refused(name, "the container shares the host's ipc namespace")
    } else if (dotted.startsWith('net.')) {
      if (namespaces.network === 'host') throw refused(name, "the container shares the host's network")
    } else throw refused(name, 'it belongs to the whole machine, not to a namespace')
  }
}

const refused = (name: string, why: string) =>
  new TscomposeError('RUNTIME_SYSCTL_REFUSED', `sysctl "${name}" cannot be set: ${why}`)
