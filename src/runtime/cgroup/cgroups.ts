import { TscomposeError } from '../../errors.ts'
import type { Cgroup, Cgroups } from './cgroup.ts'
import { type CgroupMounts, type Hierarchy, readCgroupMounts } from './hierarchies.ts'
import { OWN } from './own-cgroup.ts'
import type { CgroupParents } from './parents.ts'
import { directoriesIn } from './tree.ts'
import { CgroupV1 } from './v1.ts'
import { CgroupV2 } from './v2.ts'

/**
 * The cgroups of an engine on this machine, unless a container asks for a place of its own. On v1 `GROUP-<container id>` at
 * the root of each hierarchy. On v2 `GROUP/<container id>`: systemd takes away from the root's children each controller
 * that none of its units needs, and a container's limits with it; but not what the children of a child make use of.
 * @param group tells engines with other run directories apart, and lets the next engine find what this one leaves
 */
export function openCgroups(
  group: string,
  parents: CgroupParents,
  mounts: CgroupMounts | undefined = readCgroupMounts(),
): Cgroups {
  if (!mounts)
    throw new TscomposeError('RUNTIME_CGROUPS_MISSING', 'no cgroups are mounted', {
      fix: 'Mount them: mount -t cgroup2 none /sys/fs/cgroup',
    })
  return mounts.version === 1 ? cgroupsV1(group, parents, mounts.hierarchies) : cgroupsV2(group, parents, mounts.root)
}

function cgroupsV1(group: string, parents: CgroupParents, hierarchies: readonly Hierarchy[]): Cgroups {
  const prefix = `${group}-`
  return {
    version: 1,
    cgroup: (id, parent) => new CgroupV1(hierarchies, { parents, parent, name: `${prefix}${id}` }),
    containerIds() {
      const names = hierarchies.flatMap(({ mountPoint }) => directoriesIn(mountPoint))
      return [...new Set(names.filter(name => name.startsWith(prefix)))].map(name => name.slice(prefix.length))
    },
  }
}

const cgroupsV2 = (group: string, parents: CgroupParents, root: string): Cgroups => ({
  version: 2,
  cgroup(id, parent): Cgroup {
    const place = parent ? { parent, name: `${group}-${id}` } : { parent: group, name: id }
    return new CgroupV2(root, { parents, ...place })
  },
  containerIds: () => directoriesIn(`${root}/${group}`).filter(name => name !== OWN),
})
