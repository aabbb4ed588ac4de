import * as fs from 'node:fs'
import { linux } from '../../sys/kernel.ts'
import type { ByteString, TarEntry, TarType } from '../unpack/tar-entry.ts'
import { encodeEntry, padding, tarEntry } from './tar-encode.ts'
import { isOpaque, xattrsOf } from './xattrs.ts'

export interface PackOptions {
  /**
   * What is packed is the upper directory of an overlay: its marks of what it hides become whiteouts of the OCI
   * image-spec (layer.md), and the marks themselves are left out.
   */
  readonly layer?: boolean
  /** Seconds since the epoch; no entry says that it is younger (SOURCE_DATE_EPOCH). */
  readonly latest?: number
  /** Who the owner of a file is in the archive. */
  readonly ownerOf?: (stat: fs.Stats) => { readonly uid: number; readonly gid: number }
  /** @returns true for a path, beginning with {@link packTree}'s `name`, that is to be left out with all beneath it */
  readonly exclude?: (path: ByteString, stat: fs.Stats) => boolean
}

/** Bytes of a file that are read at once, and gathered before they are handed on. */
const CHUNK = 256 * 1024

/**
 * Packs the file or directory `source` of the working directory, which gets the name `name` in the archive; with an
 * empty name what is in the directory, but not the directory itself. Sorted by name, hard links kept, times in whole
 * seconds; sockets are left out; the same tree gives the same bytes. Without the {@link TRAILER}, so that several trees
 * fit into an archive. A chunk may be used again when the next is asked for.
 *
 * Synchronous, for a process of its own like everything that works through a tree. It goes from directory to directory
 * by descriptors and never follows a symbolic link: a tree that is changed meanwhile leads nowhere else. So the working
 * directory is another while the generator runs, and the old one when it is done.
 */
export function* packTree(source: string, name: ByteString, options: PackOptions = {}): Generator<Buffer, void> {
  const gathered = Buffer.allocUnsafeSlow(CHUNK)
  let used = 0
  for (const part of new TreePacker(options).pack(source, name)) {
    if (used + part.length > CHUNK) {
      yield gathered.subarray(0, used)
      used = 0
    }
    if (part.length > CHUNK) yield part
    else used += part.copy(gathered, used)
  }
  if (used > 0) yield gathered.subarray(0, used)
}

class TreePacker {
  readonly #options: PackOptions
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK)
  /** The names of files that have further hard links, by device and inode. */
  readonly #linked = new Map<string, ByteString>()

  constructor(options: PackOptions) {
    this.#options = options
  }

  *pack(source: string | Buffer, name: ByteString): Generator<Buffer, void> {
    const stat = fs.lstatSync(source)
    if (this.#options.exclude?.(name, stat)) return
    if (stat.isDirectory()) yield* this.#directory(source, name, stat)
    else if (stat.isFile()) yield* this.#file(source, name)
    else if (this.#options.layer && stat.isCharacterDevice() && stat.rdev === 0) yield this.#whiteout(name, stat)
    else {
      const type = typeOf(stat)
      if (type) yield this.#link(source, name, stat) ?? encodeEntry(this.#entry(source, name, type, stat))
    }
  }

  *#directory(source: string | Buffer, name: ByteString, stat: fs.Stats): Generator<Buffer, void> {
    const above = fs.openSync('.', DIRECTORY)
    try {
      const fd = fs.openSync(source, DIRECTORY | fs.constants.O_NOFOLLOW)
      try {
        linux.fchdir(fd)
        if (name !== '') {
          const entry = this.#entry('.', name, 'directory', stat)
          yield encodeEntry(entry)
          if (this.#options.layer && isOpaque('.'))
            yield encodeEntry({
              ...entry,
              name: within(name, '.wh..wh..opq'),
              type: 'file',
              mode: stat.mode & 0o777,
              xattrs: none,
            })
        }
        const names = fs.readdirSync('.', { encoding: 'buffer' }).sort(Buffer.compare)
        for (const child of names) yield* this.#child(child, within(name, child.toString('latin1')))
      } finally {
        fs.closeSync(fd)
      }
    } finally {
      linux.fchdir(above)
      fs.closeSync(above)
    }
  }

  /** What is removed while it is read is left out. */
  *#child(source: Buffer, name: ByteString): Generator<Buffer, void> {
    let begun = false
    try {
      for (const part of this.pack(source, name)) {
        begun = true
        yield part
      }
    } catch (error) {
      if (begun || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }

  *#file(source: string | Buffer, name: ByteString): Generator<Buffer, void> {
    const fd = fs.openSync(source, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK)
    try {
      const stat = fs.fstatSync(fd)
      if (!stat.isFile()) throw new Error(`${JSON.stringify(name)} was exchanged while it was read`)
      const link = this.#link(source, name, stat)
      if (link) {
        yield link
        return
      }
      yield encodeEntry({ ...this.#entry(source, name, 'file', stat), size: stat.size })
      for (let left = stat.size; left > 0; ) {
        const read = fs.readSync(fd, this.#chunk, 0, Math.min(left, CHUNK), null)
        // A file that got shorter meanwhile is filled up with zeros, as tar(1) does.
        const length = read || Math.min(left, this.#chunk.fill(0).length)
        yield this.#chunk.subarray(0, length)
        left -= length
      }
      yield padding(stat.size)
    } finally {
      fs.closeSync(fd)
    }
  }

  /** A further name of a file that is in the archive already. */
  #link(source: string | Buffer, name: ByteString, stat: fs.Stats): Buffer | undefined {
    if (stat.nlink < 2) return undefined
    const { dev, ino } = fs.lstatSync(source, { bigint: true }) // overlayfs uses all 64 bits
    const key = `${dev}:${ino}`
    const first = this.#linked.get(key)
    if (first !== undefined) return encodeEntry({ ...this.#plain(name, 'link', stat), linkname: first })
    this.#linked.set(key, name)
    return undefined
  }

  #whiteout(name: ByteString, stat: fs.Stats): Buffer {
    const slash = name.lastIndexOf('/') + 1
    const whiteout = `${name.slice(0, slash)}.wh.${name.slice(slash)}`
    return encodeEntry(tarEntry({ name: whiteout, mode: 0o600, mtime: this.#time(stat) }))
  }

  #entry(source: string | Buffer, name: ByteString, type: TarType, stat: fs.Stats): TarEntry {
    const xattrs = xattrsOf(source)
    return {
      ...this.#plain(name, type, stat),
      linkname: type === 'symlink' ? fs.readlinkSync(source, 'latin1') : '',
      devmajor: type === 'char' || type === 'block' ? major(stat.rdev) : 0,
      devminor: type === 'char' || type === 'block' ? minor(stat.rdev) : 0,
      ...(xattrs && { xattrs }),
    }
  }

  #plain(name: ByteString, type: TarType, stat: fs.Stats): TarEntry {
    const { uid, gid } = this.#options.ownerOf?.(stat) ?? stat
    return tarEntry({ name, type, uid, gid, mode: stat.mode & 0o7777, mtime: this.#time(stat) })
  }

  #time({ mtimeMs }: fs.Stats): number {
    return Math.min(Math.floor(mtimeMs / 1000), this.#options.latest ?? Number.POSITIVE_INFINITY)
  }
}

const DIRECTORY = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY
const none = new Map<string, Buffer>()

const within = (directory: ByteString, name: ByteString): ByteString =>
  directory === '' || directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`

function typeOf(stat: fs.Stats): TarType | undefined {
  if (stat.isSymbolicLink()) return 'symlink'
  if (stat.isCharacterDevice()) return 'char'
  if (stat.isBlockDevice()) return 'block'
  return stat.isFIFO() ? 'fifo' : undefined
}

/** major(3) and minor(3), of the kernel's 32-bit form in which Node hands the number on. */
const major = (dev: number): number => (dev >>> 8) & 0xfff
const minor = (dev: number): number => (dev & 0xff) | ((dev >>> 12) & 0xfff00)
