import { AT, MNT, MS, O } from '../../sys/constants.ts'
import type { ProgramBuilder, Result } from '../program.ts'
import type { RootSpec } from '../spec.ts'
import type { UserFacts } from './facts.ts'
import { close } from './steps.ts'
import { shiftedClone, shiftOwners } from './user.ts'

/** Descriptors that the layers get for the mount: above all that are open so far, below the usual limit of 1024. */
const FIRST_LAYER_FD = 512

/** Cuts the mount namespace off: nothing that is mounted from here on is seen by the host. */
export function makePrivate(program: ProgramBuilder): void {
  program.call('mount', [null, '/', null, MS.REC | MS.PRIVATE, null], { words: 'make the mounts private' })
}

/**
 * Mounts the overlay over its own writable layer's directory, which is seen only in this mount namespace.
 * The layers are named by descriptors: the data of a mount is limited to a page, whatever the paths of the layers, and
 * a colon or a comma in a path needs no quoting. Nor does the container read paths of the host in its mountinfo.
 */
export function mountOverlay(
  program: ProgramBuilder,
  { lowerdirs, writableLayer }: Pick<RootSpec, 'lowerdirs' | 'writableLayer'>,
  options: readonly string[],
  user?: UserFacts,
): void {
  if (user) for (const path of [...lowerdirs, writableLayer]) if (path !== '/') shiftOwners(program, path)
  const paths = [...lowerdirs, `${writableLayer}/upper`, `${writableLayer}/work`]
  const [work, upper, ...lower] = paths
    .map((path, index) => nameDirectory(program, path, FIRST_LAYER_FD + index, user))
    .reverse()
  const data = [`lowerdir=${lower.reverse().join(':')}`, `upperdir=${upper}`, `workdir=${work}`, ...options].join(',')
  program.call('mount', ['overlay', writableLayer, 'overlay', 0, data], {
    words: `mount the overlay of ${lowerdirs.length} layers`,
  })
  const last = FIRST_LAYER_FD + paths.length - 1
  program.call('close_range', [FIRST_LAYER_FD, last, 0], { words: 'close the layers' })
}

/** @returns a path that means `path` for as long as the descriptor is open */
function nameDirectory(program: ProgramBuilder, path: string, number: number, user: UserFacts | undefined): string {
  // Nothing can be put over the root that one is in: overlayfs takes a mount that is nowhere (since Linux 6.15).
  const fd = user && path === '/' ? shiftedClone(program, path) : openDirectory(program, path)
  program.call('dup3', [fd, number, O.CLOEXEC], { words: `open ${path}` })
  close(program, fd)
  return `/proc/self/fd/${number}`
}

const openDirectory = (program: ProgramBuilder, path: string): Result =>
  program.call('openat', [AT.FDCWD, path, O.PATH | O.DIRECTORY | O.CLOEXEC, 0], { words: `open ${path}` })

/** Makes `directory` the root. From here on the kernel resolves every path within it. */
export function enterRoot(program: ProgramBuilder, directory: string): void {
  program.call('chdir', [directory], { words: `change to ${directory}` })
  // The old root ends up on top of the new one, where it is unmounted: pivot_root(2), "pivot_root(".", ".")".
  program.call('pivot_root', ['.', '.'], { words: 'change the root' })
  program.call('umount2', ['.', MNT.DETACH], { words: 'leave the old root' })
  program.call('chdir', ['/'], { words: 'change to the new root' })
}
