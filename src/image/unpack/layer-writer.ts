import * as fs from 'node:fs'
import { AT, O, S_IF } from '../../sys/constants.ts'
import { linux, SystemError } from '../../sys/kernel.ts'
import { entryPath, kernelPath, nodePath } from './entry-path.ts'
import { applyAttributes, type Ownership, setTimes, type Times } from './inode-attributes.ts'
import { type ByteString, type TarEntry, TarError } from './tar-entry.ts'
import { OPAQUE, type Whiteout, whiteoutOf } from './whiteout.ts'

/** What unpacking a layer came to. */
export interface Written {
  /** Bytes of all files, holes included. */
  readonly size: number
  readonly entries: number
}

export interface WriteOptions {
  /** Where the entries go: a directory without a slash at its end. The root directory by default. */
  readonly base?: ByteString
  /**
   * Whether names that begin with `.wh.` are marks for the layers below, as in every layer, or remove what they name
   * from the directory that is written to.
   */
  readonly whiteouts?: boolean | 'remove'
  /** A directory does not take the place of something else, nor the other way round: {@link KindConflict}. */
  readonly keepKinds?: boolean
  /** Who owns everything, whatever the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/** An entry that is a directory where something else is, or the other way round. */
export class KindConflict extends Error {
  override readonly name = 'KindConflict'
}

/**
 * Writes the entries of a layer beneath the root directory of this process, which has been confined to the layer's own
 * directory (confine.ts): then no name and no link, whatever it says, leads out of it.
 *
 * Everything is synchronous on purpose. A layer is tens of thousands of system calls of a few microseconds each, and
 * handing each to a thread pool and back costs several times that; so the whole loop has a process of its own.
 */
export class LayerWriter {
  readonly #options: WriteOptions
  readonly #base: ByteString
  readonly #owner: Ownership
  #size = 0
  #entries = 0
  /** Directories get their times at the end, since what is made in them changes these. There may be a million. */
  readonly #directories = new Map<ByteString, Times>()
  #file: { fd: number; entry: TarEntry; path: ByteString; segment: number; written: number } | undefined

  constructor(options: WriteOptions = {}) {
    this.#options = options
    this.#base = options.base ?? ''
    this.#owner = {
      uid: process.geteuid?.() ?? 0,
      gid: process.getegid?.() ?? 0,
      inherited: options.base !== undefined,
    }
  }

  entry(given: TarEntry): void {
    this.#entries++
    const { whiteouts = true, owner } = this.#options
    const entry = owner ? { ...given, ...owner } : given
    const name = entryPath(entry.name)
    const path = this.#at(name)
    const whiteout = whiteouts ? whiteoutOf(path) : undefined
    if (whiteout) this.#whiteout(whiteout)
    else if (entry.type === 'directory') this.#directory(path, entry)
    else if (name === '/') throw new TarError(`the root of the layer is a ${entry.type}: ${JSON.stringify(entry.name)}`)
    else if (entry.type === 'file') this.#open(path, entry)
    else if (entry.type === 'link') this.#link(path, entry)
    else {
      this.#make(path, () => {
        if (entry.type === 'symlink') fs.symlinkSync(nodePath(entry.linkname), nodePath(path))
        else mknod(path, entry)
      })
      applyAttributes(path, entry, this.#owner)
    }
  }

  /** Data of the file that was the last entry. */
  data(chunk: Buffer): void {
    const file = this.#file
    if (!file) return
    const { sparse } = file.entry
    for (let at = 0; at < chunk.length; ) {
      const segment = sparse?.segments[file.segment]
      const length = segment ? Math.min(segment.length - file.written, chunk.length - at) : chunk.length - at
      at += fs.writeSync(file.fd, chunk, at, length, segment ? segment.offset + file.written : null)
      file.written += length
      if (segment && file.written === segment.length) {
        file.segment++
        file.written = 0
      }
    }
  }

  /** The end of the last entry. */
  end(): void {
    const file = this.#file
    if (!file) return
    this.#file = undefined
    try {
      if (file.entry.sparse) fs.ftruncateSync(file.fd, file.entry.sparse.realSize)
      applyAttributes(file.path, file.entry, this.#owner, file.fd)
    } finally {
      fs.closeSync(file.fd)
    }
  }

  finish(): Written {
    for (const [path, times] of this.#directories) {
      try {
        setTimes(path, times)
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error // replaced later on, with its parent
      }
    }
    return { size: this.#size, entries: this.#entries }
  }

  /** Gives up: closes what is open. */
  abandon(): void {
    if (this.#file) fs.closeSync(this.#file.fd)
    this.#file = undefined
  }

  /** The path of a name that {@link entryPath} has found good. */
  #at(name: ByteString): ByteString {
    return name === '/' ? this.#base || '/' : `${this.#base}${name}`
  }

  #open(path: ByteString, entry: TarEntry): void {
    const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW | O.CLOEXEC
    const fd = this.#make(path, () => fs.openSync(nodePath(path), flags, entry.mode & 0o777))
    this.#file = { fd, entry, path, segment: 0, written: 0 }
    this.#size += entry.sparse?.realSize ?? entry.size
  }

  #directory(path: ByteString, entry: TarEntry): void {
    const isBase = path === (this.#base || '/')
    if (isBase && this.#base) return // is somebody's already
    const made = isBase ? false : this.#mkdir(path, entry.mode)
    applyAttributes(path, entry, made ? this.#owner : { ...this.#owner, inherited: true })
    if (entry.mode & 0o2000 || entry.xattrs?.has('system.posix_acl_default')) this.#owner.inherited = true
    this.#directories.delete(path) // so that the last of two entries is also the last in order
    this.#directories.set(path, { mtime: entry.mtime, mtimeNsec: entry.mtimeNsec })
  }

  /** @returns false if the directory had been there: it keeps what is in it */
  #mkdir(path: ByteString, mode: number): boolean {
    let replacesWhiteout = false
    try {
      this.#withParents(path, () => fs.mkdirSync(nodePath(path), mode))
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      const stat = fs.lstatSync(nodePath(path))
      if (stat.isDirectory()) return false
      if (this.#options.keepKinds)
        throw new KindConflict(`cannot overwrite non-directory "${path}" with directory "${path}"`)
      replacesWhiteout = this.#options.whiteouts !== false && isWhiteout(stat)
      this.#clear(path)
      fs.mkdirSync(nodePath(path), mode)
    }
    if (replacesWhiteout) setOpaque(path)
    return true
  }

  #link(path: ByteString, entry: TarEntry): void {
    const target = this.#at(entryPath(entry.linkname))
    if (target === path) return
    try {
      this.#make(path, () => fs.linkSync(nodePath(target), nodePath(path)))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
      throw new TarError(
        `${JSON.stringify(entry.name)} is a hard link to ${JSON.stringify(entry.linkname)}, which is not in the layer`,
      )
    }
  }

  #whiteout({ kind, path }: Whiteout): void {
    if (kind === 'ignored') return
    if (this.#options.whiteouts === 'remove') {
      if (kind === 'removed') fs.rmSync(nodePath(path), { recursive: true, force: true })
      return
    }
    if (kind === 'opaque') {
      this.#parents(`${path}/.`)
      setOpaque(path)
      return
    }
    try {
      this.#withParents(path, () => linux.mknodat(AT.FDCWD, kernelPath(path), S_IF.CHR, 0))
    } catch (error) {
      // The whiteout is for the layers below. What this layer has put there stays, and hides them; so a directory
      // must not be merged with theirs.
      if (codeOf(error) !== 'EEXIST') throw error
      if (fs.lstatSync(nodePath(path)).isDirectory()) setOpaque(path)
    }
  }

  /** Runs `make`, which puts something new at `path`, in the place of what an earlier entry may have put there. */
  #make<T>(path: ByteString, make: () => T): T {
    try {
      return this.#withParents(path, make)
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
      if (this.#options.keepKinds && fs.lstatSync(nodePath(path)).isDirectory())
        throw new KindConflict(`cannot overwrite directory "${path}" with non-directory "${path}"`)
      this.#clear(path)
      return make()
    }
  }

  #clear(path: ByteString): void {
    fs.rmSync(nodePath(path), { recursive: true })
    this.#directories.delete(path)
  }

  #withParents<T>(path: ByteString, make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || !this.#parents(path)) throw error
      return make()
    }
  }

  /** Makes the directories above `path` that the archive has no entry for. @returns whether there were any */
  #parents(path: ByteString): boolean {
    const parent = path.slice(0, path.lastIndexOf('/'))
    return parent !== '' && fs.mkdirSync(nodePath(parent), { recursive: true, mode: 0o755 }) !== undefined
  }
}

function mknod(path: ByteString, { type, mode, devmajor, devminor }: TarEntry): void {
  const format = type === 'char' ? S_IF.CHR : type === 'block' ? S_IF.BLK : S_IF.FIFO
  linux.mknodat(AT.FDCWD, kernelPath(path), format | (mode & 0o777), makedev(devmajor, devminor))
}

const setOpaque = (path: ByteString): void => {
  linux.lsetxattr(kernelPath(path), OPAQUE.name, OPAQUE.value, OPAQUE.value.length, 0)
}

/** overlayfs marks what a layer removes with a character device 0/0. */
const isWhiteout = (stat: fs.Stats): boolean => stat.isCharacterDevice() && stat.rdev === 0

/** makedev(3), in the kernel's 32-bit form */
const makedev = (major: number, minor: number): number =>
  ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0

const codeOf = (error: unknown): string | undefined =>
  error instanceof SystemError ? error.code : (error as NodeJS.ErrnoException).code
