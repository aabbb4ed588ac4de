import { readdirSync } from 'node:fs'
import { TscomposeError } from '../../errors.ts'
import type { Cgroup, Cgroups } from './cgroup.ts'
import { enableControllers } from './controllers-v2.ts'
import { type CgroupMounts, readCgroupMounts } from './hierarchies.ts'
import type { CgroupParents } from './parents.ts'
import { CgroupV1 } from './v1.ts'
import { CgroupV2 } from './v2.ts'

/**
 * The cgroups of an engine on this machine: `tscompose-<instance>-<container id>` at the root of each hierarchy, or in the
 * cgroup that a container asks for. The instance keeps engines with other run directories apart, and lets the next engine find what this one leaves.
 */
export function openCgroups(
  instance: string,
  parents: CgroupParents,
  mounts: CgroupMounts | undefined = readCgroupMounts(),
): Cgroups {
  if (!mounts)
    throw new TscomposeError('RUNTIME_CGROUPS_MISSING', 'no cgroups are mounted', {
      fix: 'Mount them: mount -t cgroup2 none /sys/fs/cgroup',
    })
  const prefix = `tscompose-${instance}-`
  const { version } = mounts
  const root = version === 1 ? mounts.hierarchies.map(({ mountPoint }) => mountPoint) : [mounts.root]
  let controllersEnabled = false

  function cgroup(containerId: string, parent: string): Cgroup {
    const place = { parents, parent, name: `${prefix}${containerId}` }
    if (mounts?.version === 1) return new CgroupV1(mounts.hierarchies, place)
    if (!controllersEnabled) enableControllers(root.join())
    controllersEnabled = true
    return new CgroupV2(root.join(), place)
  }

  const containerIds = () => {
    const names = root.flatMap(directory => readdirSync(directory)).filter(name => name.startsWith(prefix))
    return [...new Set(names)].map(name => name.slice(prefix.length))
  }
  return { version, cgroup, containerIds }
}
