import { type BigIntStats, closeSync, constants, lstatSync, openSync, readdirSync } from 'node:fs'
import { linux, SystemError } from '../../sys/kernel.ts'
import type { RootSpec } from '../spec.ts'
import { type Found, isOpaque, lookup } from './merged-tree.ts'

/** What a container has done to a path of its image. */
export interface FileChange {
  readonly kind: 'modified' | 'added' | 'deleted'
  /** Absolute; each character stands for a byte. */
  readonly path: string
}

/** Decides what is left out, with all beneath it. @param path without the slash at its beginning */
export type LeaveOut = (path: string, stat: BigIntStats) => boolean

/**
 * What the writable layer of a container changes, in the order of its paths: each directory before what is in it, by
 * dockerd's rules (moby, archive.ChangesDirs). A file counts as modified if its inode tells so; a directory also where
 * something in it has changed; of a directory that was removed or replaced, its contents are not listed.
 *
 * The container may be running: its layer is walked by descriptors and no symbolic link is followed, so whatever it
 * does meanwhile leads nowhere else. For a process of its own: the working directory changes.
 */
export function* changesOf({ writableLayer, lowerdirs }: RootSpec, leaveOut: LeaveOut): Generator<FileChange, void> {
  linux.chdir(`${writableLayer}/upper`)
  const layers = lowerdirs.map(directory => Buffer.from(directory).toString('latin1'))
  yield* children('', { kind: 'directory', layers }, leaveOut)
}

/** In the working directory, which is `path` of the writable layer. @param old what the layers below have there */
function* children(path: string, old: Found, leaveOut: LeaveOut): Generator<FileChange, void> {
  const below = old.kind === 'directory' ? old.layers : []
  const names = new Set(readdirSync('.', { encoding: 'buffer' }).map(name => name.toString('latin1')))
  if (below.length > 0 && isOpaque('.')) for (const name of namesIn(below)) names.add(name)
  // Names as bytes in latin1 sort as the bytes do.
  for (const name of [...names].sort()) {
    try {
      yield* child(path, name, lookup(below, name, 'latin1'), leaveOut)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error // removed while it was looked at
    }
  }
}

function* child(parent: string, name: string, old: Found, leaveOut: LeaveOut): Generator<FileChange, void> {
  const here = Buffer.from(name, 'latin1')
  const path = `${parent}/${name}`
  const stat = lstatSync(here, { bigint: true, throwIfNoEntry: false })
  if (!stat || (stat.isCharacterDevice() && stat.rdev === 0n)) {
    if (old.kind !== 'missing') yield { kind: 'deleted', path }
    return
  }
  if (leaveOut(path.slice(1), stat)) return
  const isNew = old.kind === 'missing'
  const change = isNew ? 'added' : isModified(here, stat, sourceOf(old)) ? 'modified' : undefined
  if (change) yield { kind: change, path }
  if (!stat.isDirectory()) return
  let told = change !== undefined
  for (const inner of inDirectory(here, () => children(path, old, leaveOut))) {
    if (!told) yield { kind: 'modified', path }
    told = true
    yield inner
  }
}

/** Works in a directory of the working directory, to which it returns. */
function* inDirectory<T>(name: Buffer, work: () => Generator<T, void>): Generator<T, void> {
  const above = openSync('.', DIRECTORY)
  try {
    const fd = openSync(name, DIRECTORY | constants.O_NOFOLLOW)
    try {
      linux.fchdir(fd)
      yield* work()
    } finally {
      closeSync(fd)
    }
  } finally {
    linux.fchdir(above)
    closeSync(above)
  }
}
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY

const namesIn = (directories: readonly string[]): readonly string[] =>
  directories.flatMap(directory =>
    readdirSync(Buffer.from(directory, 'latin1'), { encoding: 'buffer' }).map(name => name.toString('latin1')),
  )

/**
 * By what an inode tells: a copy of overlayfs keeps the times of its original. Size and time of a directory say nothing,
 * they change with what is in it.
 */
function isModified(here: Buffer, now: BigIntStats, source: Buffer): boolean {
  const before = lstatSync(source, { bigint: true })
  const { mode, uid, gid, rdev } = before
  if (now.mode !== mode || now.uid !== uid || now.gid !== gid || now.rdev !== rdev) return true
  if (now.isDirectory()) return false
  return now.size !== before.size || now.mtimeNs !== before.mtimeNs || !capability(here).equals(capability(source))
}

/** Where the layers below have it; of a directory, the uppermost. */
const sourceOf = (old: Exclude<Found, { kind: 'missing' }>): Buffer =>
  Buffer.from((old.kind === 'directory' ? old.layers[0] : old.source) ?? '', 'latin1')

const value = Buffer.alloc(64) // a vfs_ns_cap_data has 24 bytes

/** The capabilities of a file, capabilities(7); empty if it has none. */
function capability(path: Buffer): Buffer {
  try {
    const length = linux.lgetxattr(Buffer.concat([path, NUL]), 'security.capability', value, value.length)
    return Buffer.from(value.subarray(0, length))
  } catch (error) {
    if (error instanceof SystemError && ['ENODATA', 'ENOTSUP', 'EOPNOTSUPP'].includes(error.code)) return none
    throw error
  }
}
const NUL = Buffer.alloc(1)
const none = Buffer.alloc(0)
