import { basename, dirname } from 'node:path/posix'
import { AT, MS, O, RESOLVE } from '../../sys/constants.ts'
import type { ProgramBuilder, Result } from '../program.ts'
import { openHow } from '../rootfs/root-files.ts'

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

/**
 * mkdir -p of a path that an image or a user has chosen. No component may be a magic link of procfs: those lead past the
 * root, with the host's processes in view as far as that of the machine (/proc/1/root). From directory to directory, so
 * that nobody can put such a link in the place of one that has been passed.
 */
export function makeWithinRoot(program: ProgramBuilder, path: string): void {
  close(program, openMadeWithinRoot(program, path))
}

/** Likewise, and opens it. */
export function openMadeWithinRoot(program: ProgramBuilder, path: string): Result {
  const words = `make ${path}`
  let directory = openWithinRoot(program, '/', words)
  for (const name of path.split('/').filter(Boolean)) {
    program.call('mkdirat', [directory, name, 0o755], { words, tolerate: ['EEXIST', 'EROFS'] })
    const next = openWithinRoot(program, name, words, directory)
    close(program, directory)
    directory = next
  }
  return directory
}

/** A directory of the container's own, links of its files followed, those of procfs not. */
export function openWithinRoot(
  program: ProgramBuilder,
  path: string,
  words: string,
  from: Result | number = AT.FDCWD,
): Result {
  const how = openHow(O.PATH | O.DIRECTORY | O.CLOEXEC, RESOLVE.NO_MAGICLINKS)
  return program.call('openat2', [from, path, how, how.length], { words })
}

export function makeDirectory(program: ProgramBuilder, path: string): void {
  program.call('mkdirat', [AT.FDCWD, path, 0o755], { words: `make ${path}`, tolerate: ['EEXIST', 'EROFS'] })
}

/** An empty file, and the directories above it, unless something is there. */
export function makeFile(program: ProgramBuilder, path: string): void {
  makeDirectories(program, dirname(path))
  makeEmpty(program, AT.FDCWD, path)
}

/** Likewise, of a path that an image or a user has chosen: {@link makeWithinRoot}. */
export function makeFileWithinRoot(program: ProgramBuilder, path: string): void {
  const directory = openMadeWithinRoot(program, dirname(path))
  makeEmpty(program, directory, basename(path))
  close(program, directory)
}

function makeEmpty(program: ProgramBuilder, directory: Result | number, name: string): void {
  // mknod, not open with O_CREAT: that would block on a FIFO, and change what a link points to.
  const words = `make ${name}`
  program.call('mknodat', [directory, name, 0o100644, 0], { words, tolerate: ['EEXIST', 'EROFS'] })
}

export function writeFile(program: ProgramBuilder, path: string, value: string, words: string): void {
  const fd = program.call('openat', [AT.FDCWD, path, O.WRONLY | O.CLOEXEC, 0], { words })
  program.call('write', [fd, value, Buffer.byteLength(value)], { words })
  close(program, fd)
}

/**
 * Everything of the host's that is opened is closed before the first path is followed that an image or a user has
 * chosen: by way of /proc/self/fd it would lead out of the container (CVE-2024-21626).
 */
export function close(program: ProgramBuilder, ...descriptors: readonly (Result | number)[]): void {
  for (const fd of descriptors) program.call('close', [fd], { words: 'close a descriptor' })
}

/** `struct mount_attr` of mount_setattr(2) */
export function mountAttr({ set = 0, propagation = 0, userNamespace = 0 }): Buffer {
  const attr = Buffer.alloc(MOUNT_ATTR_SIZE)
  attr.writeBigUInt64LE(BigInt(set), 0)
  attr.writeBigUInt64LE(BigInt(propagation), 16)
  attr.writeBigUInt64LE(BigInt(userNamespace), 24)
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

export const openNamespace = (program: ProgramBuilder, path: string): Result =>
  program.call('openat', [AT.FDCWD, path, O.RDONLY | O.CLOEXEC, 0], { words: `open namespace ${path}` })

/** Joins the namespace behind a path such as /proc/PID/ns/ipc. */
export function joinNamespace(program: ProgramBuilder, path: string, type: number): void {
  const fd = openNamespace(program, path)
  program.call('setns', [fd, type], { words: `join namespace ${path}` })
  close(program, fd)
}
