import { linux, SystemError } from '../../sys/kernel.ts'

/** Marks of overlayfs, and labels that belong to this machine: no archive has them. */
const internal = /^(?:trusted\.overlay\.|user\.overlay\.|security\.selinux$)/
/** Where overlayfs writes that a directory hides those below it; the second in user namespaces. */
const opaque = ['trusted.overlay.opaque', 'user.overlay.opaque']

// XATTR_LIST_MAX and XATTR_SIZE_MAX: no list and no value is greater.
const buffer = Buffer.allocUnsafeSlow(64 * 1024)

/** The extended attributes of an inode, without following a symbolic link; undefined if it has none. */
export function xattrsOf(path: string | Buffer): ReadonlyMap<string, Buffer> | undefined {
  const at = terminated(path)
  const names = attempt(() => linux.llistxattr(at, buffer, buffer.length))
  if (!names) return undefined
  let xattrs: Map<string, Buffer> | undefined
  for (const name of buffer.toString('latin1', 0, names - 1).split('\0')) {
    if (internal.test(name)) continue
    const length = attempt(() => linux.lgetxattr(at, name, buffer, buffer.length))
    if (length === undefined) continue
    xattrs ??= new Map()
    xattrs.set(name, Buffer.from(buffer.subarray(0, length)))
  }
  return xattrs
}

/** Whether the directory of an overlay's layer hides what the layers below have in its place. */
export function isOpaque(path: string | Buffer): boolean {
  const at = terminated(path)
  return opaque.some(name => attempt(() => linux.lgetxattr(at, name, buffer, buffer.length)) === 1 && buffer[0] === Y)
}
const Y = 'y'.charCodeAt(0)

/** @returns undefined where the file system has no such attribute, or shows it to others only */
export function attempt(call: () => number): number | undefined {
  try {
    return call()
  } catch (error) {
    if (error instanceof SystemError && ['ENODATA', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM'].includes(error.code))
      return undefined
    throw error
  }
}

const terminated = (path: string | Buffer): string | Buffer =>
  typeof path === 'string' ? path : Buffer.concat([path, Buffer.alloc(1)])
