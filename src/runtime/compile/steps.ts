import { AT, MS, O } from '../../sys/constants.ts'
import type { ProgramBuilder, Result } from '../program.ts'

/** Small groups of steps that many parts of a launch program are made of. */

/** `/a`, `/a/b`, `/a/b/c` for `/a/b/c`. */
export function prefixes(path: string): readonly string[] {
  const names = path.split('/').filter(Boolean)
  return names.map((_, index) => `/${names.slice(0, index + 1).join('/')}`)
}

/** mkdir -p. What is there already, also in a read-only tree, is left as it is. */
export function makeDirectories(program: ProgramBuilder, path: string): void {
  for (const prefix of prefixes(path)) makeDirectory(program, prefix)
}

export function makeDirectory(program: ProgramBuilder, path: string): void {
  program.call('mkdirat', [AT.FDCWD, path, 0o755], { words: `make ${path}`, tolerate: ['EEXIST', 'EROFS'] })
}

/** An empty file, and the directories above it, unless something is there. */
export function makeFile(program: ProgramBuilder, path: string): void {
  const parent = path.slice(0, path.lastIndexOf('/'))
  makeDirectories(program, parent)
  // mknod, not open with O_CREAT: that would block on a FIFO, and change what a link points to.
  program.call('mknodat', [AT.FDCWD, path, 0o100644, 0], { words: `make ${path}`, tolerate: ['EEXIST', 'EROFS'] })
}

export function writeFile(program: ProgramBuilder, path: string, value: string, words: string): void {
  const fd = program.call('openat', [AT.FDCWD, path, O.WRONLY | O.CLOEXEC, 0], { words })
  program.call('write', [fd, value, Buffer.byteLength(value)], { words })
}

/** `struct mount_attr` of mount_setattr(2) */
export function mountAttr({ set = 0, propagation = 0 }: { set?: number; propagation?: number }): Buffer {
  const attr = Buffer.alloc(MOUNT_ATTR_SIZE)
  attr.writeBigUInt64LE(BigInt(set), 0)
  attr.writeBigUInt64LE(BigInt(propagation), 16)
  return attr
}
export const MOUNT_ATTR_SIZE = 32

/** mount(2) of a file system that has no device. */
export function mountNew(
  program: ProgramBuilder,
  mount: { type: string; target: string; source?: string; flags?: number; data?: string },
): void {
  const { type, target, source = type, flags = MS.NOSUID | MS.NODEV | MS.NOEXEC, data = null } = mount
  program.call('mount', [source, target, type, flags, data], { words: `mount ${type} on ${target}` })
}

/** Joins the namespace behind a path such as /proc/PID/ns/ipc. */
export function joinNamespace(program: ProgramBuilder, path: string, type: number): Result {
  const fd = program.call('openat', [AT.FDCWD, path, O.RDONLY | O.CLOEXEC, 0], { words: `open namespace ${path}` })
  return program.call('setns', [fd, type], { words: `join namespace ${path}` })
}
