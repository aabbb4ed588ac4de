import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises'
import { xattrsOf } from '../../image/pack/xattrs.ts'
import { openInRoot } from '../../runtime/rootfs/root-files.ts'
import { O, S_IF } from '../../sys/constants.ts'
import { SystemError } from '../../sys/kernel.ts'
import type { TreeEntry } from './context.ts'

/** An inode as it was found; times and owners not yet judged. */
export interface FoundEntry extends Omit<TreeEntry, 'path'> {
  readonly xattrs?: ReadonlyMap<string, Buffer>
  /** Tells two inodes, and two states of one, apart. */
  readonly identity: { readonly inode: string; readonly state: string; readonly ctime: bigint }
}

const types = new Map<number, FoundEntry['type']>([
  [S_IF.REG, 'file'],
  [S_IF.DIR, 'directory'],
  [constants.S_IFLNK, 'symlink'],
  [S_IF.FIFO, 'fifo'],
  [S_IF.CHR, 'character-device'],
  [S_IF.BLK, 'block-device'],
])

/**
 * A directory held open. Its path is that of the descriptor, and what is in it is reached from there: whatever is
 * renamed or replaced by a link meanwhile, nothing outside of the tree is read.
 */
export class OpenDirectory implements Disposable {
  readonly #fd: number

  private constructor(fd: number) {
    this.#fd = fd
  }

  static root(path: string): OpenDirectory {
    return new OpenDirectory(openSync(path, O.PATH | O.DIRECTORY | O.CLOEXEC))
  }

  /** Where it is by now. */
  get path(): string {
    return readlinkSync(`/proc/self/fd/${this.#fd}`)
  }

  /** @param path below this directory, which stands for `/` in all links on the way */
  below(path: string): OpenDirectory {
    return new OpenDirectory(openInRoot(this.#fd, path, O.PATH | O.DIRECTORY | O.CLOEXEC))
  }

  /** @returns undefined if there is no regular file */
  async file(path: string): Promise<FileHandle | undefined> {
    let fd: number
    try {
      fd = openInRoot(this.#fd, path, O.PATH | O.CLOEXEC)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
    try {
      return fstatSync(fd).isFile() ? await open(`/proc/self/fd/${fd}`, constants.O_RDONLY) : undefined
    } finally {
      closeSync(fd)
    }
  }

  /** All names, in an order that does not depend on the file system. */
  async names(): Promise<readonly string[]> {
    return (await readdir(`/proc/self/fd/${this.#fd}`)).sort()
  }

  /** @returns undefined for what is not there, and for sockets, which cannot be copied */
  async entry(name: string, withXattrs: boolean): Promise<FoundEntry | undefined> {
    const path = `/proc/self/fd/${this.#fd}/${name}`
    const stat = await lstat(path, { bigint: true }).catch(error => {
      if (isMissing(error)) return undefined
      throw error
    })
    const type = stat && types.get(Number(stat.mode) & constants.S_IFMT)
    if (!type) return undefined
    const xattrs = withXattrs && type !== 'symlink' ? xattrsOf(path) : undefined
    return {
      name,
      type,
      mode: Number(stat.mode) & 0o7777,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: type === 'file' ? Number(stat.size) : 0,
      mtime: stat.mtimeNs,
      identity: {
        inode: `${stat.dev}:${stat.ino}`,
        state: `${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`,
        ctime: stat.ctimeNs,
      },
      ...(type === 'symlink' && { target: await readlink(path) }),
      ...(type.endsWith('device') && { rdev: deviceNumbers(stat.rdev) }),
      ...(xattrs && { xattrs }),
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }
}

/** makedev(3) */
const deviceNumbers = (rdev: bigint) => ({
  major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
  minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
})

export const isMissing = (error: unknown): boolean =>
  (error instanceof SystemError || error instanceof Error) &&
  ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes((error as { code?: string }).code ?? '')
