import type { Stats } from 'node:fs'
import type { ByteString } from '../unpack/tar-entry.ts'

/**
 * What is in a writable layer only for something to be mounted on it, and is not to be packed: a value that crosses from
 * one process to the other. Paths have no slash at their beginning.
 */
export interface LeaveOut {
  /** With all beneath them. */
  readonly directories: readonly string[]
  readonly emptyFiles: readonly string[]
}

export const leavesOut =
  ({ directories, emptyFiles }: LeaveOut) =>
  (path: ByteString, stat: Pick<Stats, 'isFile'> & { readonly size: number | bigint }): boolean =>
    directories.some(directory => path === directory || path.startsWith(`${directory}/`)) ||
    (emptyFiles.includes(path) && stat.isFile() && Number(stat.size) === 0)
