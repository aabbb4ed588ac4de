import { closeSync, openSync, readFileSync } from 'node:fs'
import { TscomposeError } from '../../errors.ts'
import { MNT, O, UMOUNT_NOFOLLOW } from '../../sys/constants.ts'
import { linux } from '../../sys/kernel.ts'
import { compileRunningView, compileStoppedView } from '../compile/view.ts'
import { perform } from '../perform.ts'
import { thisMachine } from '../prepare/machine.ts'
import { placeMounts } from '../prepare/place-mounts.ts'

import type { MountSpec, RootSpec, UserNamespaceSpec } from '../spec.ts'

/** Whose files are to be seen, and whether what is mounted in them is, too. */
export type FilesView =
  | {
      readonly of: 'running'
      readonly pid: number
      readonly root: RootSpec
      readonly withMounts: boolean
      /** The owners that are seen, and those that are set, are ids of the host then. */
      readonly userNamespace?: UserNamespaceSpec
    }
  /** The caller sees to it that the container is not started meanwhile: an overlay is mounted once. */
  | { readonly of: 'stopped'; readonly root: RootSpec; readonly mounts: readonly MountSpec[] }

/**
 * Makes the files of a container the root directory of this thread, for good: of the machine's nothing is mounted there
 * any more, so that no link and no `..` leads to it. For a process of its own, whose main thread calls this and uses
 * the synchronous calls of `node:fs` from then on: the others run in threads that still see the machine.
 * @throws TscomposeError RUNTIME_VIEW_FAILED, RUNTIME_MOUNT_INVALID
 */
export function enterView(view: FilesView): void {
  const { root } = view
  const proc = openSync('/proc', O.PATH | O.DIRECTORY | O.CLOEXEC)
  try {
    if (view.of === 'running')
      perform(compileRunningView(view.pid, root, { mounts: view.withMounts, user: view.userNamespace }))
    else {
      const { overlayOptions } = thisMachine()
      perform(compileStoppedView(root, { mounts: placeMounts({ root, mounts: view.mounts }), overlayOptions }))
    }
    leaveOutSystem(proc)
  } finally {
    closeSync(proc)
  }
}

/**
 * Takes away /proc, /sys and /dev, which have no files to copy, and procfs wherever else it is: its magic links
 * (proc(5), `/proc/PID/root`) lead into other mount namespaces.
 */
function leaveOutSystem(proc: number): void {
  for (const { mountpoint } of unwanted(proc).reverse()) linux.umount2(mountpoint, MNT.DETACH | UMOUNT_NOFOLLOW)
  const left = unwanted(proc)
  if (left.length > 0)
    throw new TscomposeError(
      'RUNTIME_VIEW_FAILED',
      `the container keeps changing what is mounted at ${left[0]?.mountpoint}`,
    )
}

const unwanted = (proc: number): { readonly mountpoint: string }[] =>
  mounts(proc).filter(({ type, mountpoint }) => type === 'proc' || /^\/(proc|sys|dev)(\/|$)/.test(mountpoint))

/** proc_pid_mountinfo(5): in the order in which they were mounted. */
function mounts(proc: number): { readonly mountpoint: string; readonly type: string }[] {
  const fd = linux.openat(proc, 'thread-self/mountinfo', O.RDONLY | O.CLOEXEC, 0)
  try {
    return readFileSync(fd, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map(line => {
        const fields = line.split(' ')
        const mountpoint = (fields[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal) =>
          String.fromCharCode(Number.parseInt(octal, 8)),
        )
        return { mountpoint, type: fields[fields.indexOf('-', 6) + 1] ?? '' }
      })
  } finally {
    closeSync(fd)
  }
}
