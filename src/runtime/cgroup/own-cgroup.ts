import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { type CgroupMounts, readCgroupMounts } from './hierarchies.ts'
import { directoriesIn, isGone, settle } from './tree.ts'

/** The cgroup that an engine's own processes are in, and, on v2, those of its containers. @param runDir tells engines apart */
export const engineGroup = (runDir: string): string =>
  `tscompose-${createHash('sha256').update(realpathSync(runDir)).digest('hex').slice(0, 12)}`

/** Of the processes, in the engine's group: where cgroups are below, processes cannot be, cgroups(7). */
export const OWN = 'engine'

/** How long a monitor that has told of the end may take to go. */
const PATIENCE_MS = 500

/** sd_booted(3) */
const isSystemd = () => existsSync('/run/systemd/system')

/**
 * Moves processes out of the cgroup of whoever happened to start them, into one of the engine's own, which the monitors
 * that they start inherit. systemd ends all that is in the cgroup of a service or a session with it: a service that says
 * `up -d` would take every container along. Disposing the result moves them to the root, for as long as they have still to
 * live, and removes the cgroup if no monitor is in it. Does nothing where systemd is not.
 * @throws Error of the file system
 */
export async function enterOwnCgroup(
  group: string,
  pids: readonly number[],
  root = isSystemd() ? treeOfProcesses(readCgroupMounts()) : undefined,
): Promise<AsyncDisposable> {
  await using undo = new AsyncDisposableStack()
  if (root === undefined) return undo.move()
  const own = `${root}/${group}/${OWN}`
  undo.defer(() => removeOwn(root, group))
  mkdirSync(own, { recursive: true, mode: 0o755 })
  // The root of a namespace may take no processes: then they end where they are.
  undo.defer(() => move(root, pids).catch(() => {}))
  await move(
    own,
    pids.filter(pid => !isIn(pid, `/${group}/${OWN}`)),
  )
  return undo.move()
}

/** By which systemd knows whose a process is. */
function treeOfProcesses(mounts: CgroupMounts | undefined): string | undefined {
  if (mounts?.version === 2) return mounts.root
  return mounts?.hierarchies.find(({ controllers }) => controllers.includes('name=systemd'))?.mountPoint
}

/** The kernel waits until no process of the whole machine is in the middle of a fork: some milliseconds. */
async function move(directory: string, pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    try {
      await writeFile(`${directory}/cgroup.procs`, String(pid), { flag: 'r+' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it has ended
    }
  }
}

function isIn(pid: number, cgroup: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      .split('\n')
      .some(line => line.endsWith(cgroup))
  } catch {
    return false
  }
}

/** What the monitors of running containers are in stays, for the next engine. */
async function removeOwn(root: string, group: string): Promise<void> {
  const containers = [
    ...directoriesIn(`${root}/${group}`).filter(name => name !== OWN),
    ...directoriesIn(root).filter(name => name.startsWith(`${group}-`)),
  ]
  const patience = containers.length > 0 ? 0 : PATIENCE_MS
  if (await settle(() => isGone(`${root}/${group}/${OWN}`), patience)) isGone(`${root}/${group}`)
}
