import * as fs from 'node:fs'
import { AT } from '../../sys/constants.ts'
import { linux, SystemError } from '../../sys/kernel.ts'
import { kernelPath, nodePath } from './entry-path.ts'
import type { ByteString, TarEntry } from './tar-entry.ts'

/** Who owns what this thread makes. */
export interface Ownership {
  readonly uid: number
  readonly gid: number
  /** A directory may have given its group or its access list to what was made in it. */
  inherited: boolean
}

/**
 * Owner, mode, attributes and times of a new inode, in the order in which one does not undo the other: chown(2) takes
 * away set-user-id and capabilities. A directory's times are left to the end of the layer.
 * @param fd the open file, where it is one
 */
export function applyAttributes(path: ByteString, entry: TarEntry, made: Ownership, fd?: number): void {
  const { type, uid, gid, mode } = entry
  const at = nodePath(path)
  if (made.inherited || uid !== made.uid || gid !== made.gid) {
    if (fd === undefined) fs.lchownSync(at, uid, gid)
    else fs.fchownSync(fd, uid, gid)
  }
  if (type !== 'symlink' && (made.inherited || (mode & 0o7000) !== 0)) {
    if (fd === undefined) fs.chmodSync(at, mode)
    else fs.fchmodSync(fd, mode)
  }
  for (const [name, value] of entry.xattrs ?? []) setXattr(path, name, value)
  if (type === 'directory') return
  if (fd !== undefined && isWhole(entry)) fs.futimesSync(fd, entry.mtime, entry.mtime)
  else setTimes(path, entry)
}

export type Times = Pick<TarEntry, 'mtime' | 'mtimeNsec'>

/** Access and modification time, without following a symlink. */
export function setTimes(path: ByteString, times: Times): void {
  const { mtime, mtimeNsec } = times
  if (isWhole(times)) {
    fs.lutimesSync(nodePath(path), mtime, mtime)
    return
  }
  timespec.writeBigInt64LE(BigInt(mtime), 0)
  timespec.writeBigInt64LE(BigInt(mtimeNsec), 8)
  timespec.copy(timespec, 16, 0, 16)
  linux.utimensat(AT.FDCWD, kernelPath(path), timespec, AT.SYMLINK_NOFOLLOW)
}
const timespec = Buffer.alloc(32)

/** Node takes a time as a double of seconds, which is too coarse for nanoseconds, and takes negative ones as now. */
const isWhole = ({ mtime, mtimeNsec }: Times): boolean => mtimeNsec === 0 && mtime >= 0

// What the union of the layers means is ours to say: an archive could otherwise redirect a directory to another.
const reserved = /^(?:trusted|user)\.overlay\./

function setXattr(path: ByteString, name: string, value: Buffer): void {
  if (reserved.test(name)) return
  try {
    linux.lsetxattr(kernelPath(path), name, value, value.length, 0)
  } catch (error) {
    // As Docker: attributes that this file system or user namespace does not have are left out.
    if (!(error instanceof SystemError) || !['ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code)) throw error
  }
}
