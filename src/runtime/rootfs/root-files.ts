import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { O, RESOLVE } from '../../sys/constants.ts'
import { linux, SystemError } from '../../sys/kernel.ts'
import type { RootSpec } from '../spec.ts'
import { layersOf, resolveMerged } from './merged-tree.ts'

/**
 * Reads a file such as /etc/passwd from the root of a container that is not running. No link of an image leads out.
 * @returns undefined if there is no regular file at `path`, or one of more than 2 MiB
 */
export function readRootFile(root: RootSpec, path: string): Buffer | undefined {
  const entry = resolveMerged(layersOf(root), path)
  if (entry.kind !== 'other') return undefined
  return readRegular(openSync(entry.source, O.PATH | O.NOFOLLOW | O.CLOEXEC))
}

/**
 * Reads a file from a running container, mounts included. The kernel resolves the path within the container's root,
 * whatever its processes do to it meanwhile.
 * @param pid a process of the container, in our pid namespace
 * @returns undefined if there is no regular file at `path`, or one of more than 2 MiB
 */
export function readContainerFile(pid: number, path: string): Buffer | undefined {
  const root = openSync(`/proc/${pid}/root`, O.PATH | O.DIRECTORY | O.CLOEXEC)
  try {
    return readRegular(openInRoot(root, path, O.PATH | O.CLOEXEC))
  } catch (error) {
    if (error instanceof SystemError && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(error.code)) return undefined
    throw error
  } finally {
    closeSync(root)
  }
}

/** openat2(2) with `root` as the root directory of the walk, and no magic links of procfs. */
export function openInRoot(root: number, path: string, flags: number): number {
  return linux.openat2(root, path, openHow(flags, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS), 24)
}

/** `struct open_how` */
export function openHow(flags: number, resolve: number): Buffer {
  const how = Buffer.alloc(24)
  how.writeBigUInt64LE(BigInt(flags), 0)
  how.writeBigUInt64LE(BigInt(resolve), 16)
  return how
}

/** What /etc/passwd and its like have at most: who takes such a file apart has nothing else done meanwhile. */
const LARGEST = 2 * 2 ** 20

/**
 * @param place of O_PATH, which is closed. Only what is known to be a regular file is opened: to open a device can be
 * enough to have it do something, and the engine may open those that are forbidden to the container which made the node.
 */
function readRegular(place: number): Buffer | undefined {
  try {
    const stat = fstatSync(place)
    return stat.isFile() && stat.size <= LARGEST ? readFileSync(`/proc/self/fd/${place}`) : undefined
  } finally {
    closeSync(place)
  }
}
