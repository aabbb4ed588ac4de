import { readFileSync } from 'node:fs'

/** Where cgroups are mounted, cgroups(7). */
export type CgroupMounts =
  | { readonly version: 2; readonly root: string }
  | { readonly version: 1; readonly hierarchies: readonly Hierarchy[] }

export interface Hierarchy {
  readonly mountPoint: string
  /** `memory`, or `cpu` and `cpuacct` where they are mounted together; `name=systemd` for one without controllers. */
  readonly controllers: readonly string[]
}

// Words among the options of a v1 hierarchy that are no controllers.
const options = new Set(['ro', 'rw', 'xattr', 'noprefix', 'clone_children', 'favordynmods', 'nofavordynmods'])

/**
 * Reads the text of /proc/self/mountinfo, proc_pid_mountinfo(5). A machine with v1 controllers counts as v1 even where
 * a v2 tree is mounted beside them (systemd's "hybrid" set-up): the tree has no controllers then.
 */
export function parseCgroupMounts(mountinfo: string): CgroupMounts | undefined {
  const hierarchies: Hierarchy[] = []
  let root: string | undefined
  for (const line of mountinfo.split('\n')) {
    const [mount = '', filesystem = ''] = line.split(' - ')
    const [type, , superOptions = ''] = filesystem.split(' ')
    const mountPoint = unescapeOctal(mount.split(' ')[4] ?? '')
    if (type === 'cgroup2') root ??= mountPoint
    if (type !== 'cgroup') continue
    const controllers = superOptions.split(',').filter(word => !options.has(word) && !word.startsWith('release_agent='))
    const known = hierarchies.some(hierarchy => hierarchy.controllers.join() === controllers.join())
    if (!known) hierarchies.push({ mountPoint, controllers })
  }
  if (hierarchies.some(({ controllers }) => controllers.some(name => !name.startsWith('name='))))
    return { version: 1, hierarchies }
  return root === undefined ? undefined : { version: 2, root }
}

const unescapeOctal = (path: string) =>
  path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

export const readCgroupMounts = () => parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'))
