import * as fs from 'node:fs'
import { posix } from 'node:path'
import { setTimes as setTimesOf, type Times } from '../../../../image/unpack/inode-attributes.ts'
import { openInRoot } from '../../../../runtime/rootfs/root-files.ts'
import { O } from '../../../../sys/constants.ts'
import { invalid } from '../../../failures.ts'

/** The longest path, path_resolution(7). */
const LONGEST_PATH = 4096
/** More files than anybody builds from; each takes some memory until all have come. */
const MOST_ENTRIES = 4_000_000

/**
 * An empty directory that is filled with what somebody else names. A name has to be new, and in a directory that has come
 * before, so that no link is ever walked through; and should one be, the kernel takes this directory for its root.
 * @throws TscomposeError ENGINE_REQUEST_INVALID for a name that is none of these
 */
export class ConfinedDirectory implements Disposable {
  readonly #root: number
  readonly #known = new Map<string, 'directory' | 'file' | 'other'>([['.', 'directory']])
  readonly #directories: { readonly path: string; readonly mode: number; readonly times: Times }[] = []
  /** The directory that something was made in last: what comes next is mostly beside it. */
  #parent: { readonly path: string; readonly fd: number } | undefined

  /** @param path that of an empty directory which nobody else writes to */
  constructor(path: string) {
    this.#root = fs.openSync(path, O.PATH | O.DIRECTORY | O.CLOEXEC)
  }

  /** Its attributes are set at the end, by {@link finish}. */
  makeDirectory(path: string, mode: number, times: Times): void {
    fs.mkdirSync(this.#claim(path, 'directory'), { mode: 0o700 })
    this.#directories.push({ path, mode, times })
  }

  makeSymlink(path: string, target: string, times: Times): void {
    if (target === '' || target.includes('\0')) throw invalid(`${shown(path)} is a link to nothing`)
    const at = this.#claim(path, 'other')
    fs.symlinkSync(target, at)
    setTimes(at, times)
  }

  /** A file, which is made when its contents come. */
  announceFile(path: string): void {
    this.#claim(path, 'file')
  }

  /** Makes a file that was announced. @returns a descriptor for writing, which is the caller's */
  openFile(path: string): number {
    return fs.openSync(this.#at(path), NEW_FILE, 0o600)
  }

  /** What a file is in the end, and its descriptor is closed. */
  finishFile(path: string, fd: number, mode: number, times: Times): void {
    try {
      fs.fchmodSync(fd, mode)
    } finally {
      fs.closeSync(fd)
    }
    setTimes(this.#at(path), times)
  }

  /** Another name of a file made before. */
  makeLink(path: string, existing: string): void {
    if (this.#known.get(existing) !== 'file')
      throw invalid(`${shown(path)} is a link to ${shown(existing)}, which has not come`)
    const at = this.#claim(path, 'other')
    // A path through /proc would not hold with two parents at a time.
    const source = openInRoot(this.#root, posix.dirname(existing), O.PATH | O.DIRECTORY | O.CLOEXEC)
    try {
      fs.linkSync(`/proc/self/fd/${source}/${posix.basename(existing)}`, at)
    } finally {
      fs.closeSync(source)
    }
  }

  /** Nothing more will be made: what is in a directory changes its time. */
  finish(): void {
    for (const { path, mode, times } of this.#directories.reverse()) {
      const at = this.#at(path)
      fs.chmodSync(at, mode)
      setTimes(at, times)
    }
  }

  #claim(path: string, kind: 'directory' | 'file' | 'other'): string {
    if (!isProper(path)) throw invalid(`${shown(path)} is no name within the directory`)
    if (this.#known.get(posix.dirname(path)) !== 'directory')
      throw invalid(`${shown(path)} is in no directory that has come before it`)
    if (this.#known.has(path)) throw invalid(`${shown(path)} has come twice`)
    if (this.#known.size > MOST_ENTRIES) throw invalid(`there are more than ${MOST_ENTRIES} files`)
    this.#known.set(path, kind)
    return this.#at(path)
  }

  /** A path by which the kernel finds it without a walk through anything that came. */
  #at(path: string): string {
    const directory = posix.dirname(path)
    if (this.#parent?.path !== directory) {
      const fd = openInRoot(this.#root, directory, O.PATH | O.DIRECTORY | O.CLOEXEC)
      if (this.#parent) fs.closeSync(this.#parent.fd)
      this.#parent = { path: directory, fd }
    }
    return `/proc/self/fd/${this.#parent.fd}/${posix.basename(path)}`
  }

  [Symbol.dispose](): void {
    if (this.#parent) fs.closeSync(this.#parent.fd)
    fs.closeSync(this.#root)
  }
}

/** The unpacker's paths are bytes. */
const setTimes = (path: string, times: Times): void => setTimesOf(Buffer.from(path).toString('latin1'), times)

const NEW_FILE = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW

const isProper = (path: string): boolean =>
  path.length <= LONGEST_PATH &&
  !path.includes('\0') &&
  path.split('/').every(name => name !== '' && name !== '.' && name !== '..')

const shown = (path: string): string => JSON.stringify(path.slice(0, 200))
