/**
 * A name or path as bytes: every character is one byte (`latin1`). File names are bytes to the kernel and to tar, and
 * decoding them as UTF-8 would change those that are none.
 */
export type ByteString = string

/** typeflag of the ustar header (pax(1)), by its name; `7` (contiguous) is a file like any other. */
export const tarTypes = {
  '\0': 'file',
  '0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
} as const
export type TarType = (typeof tarTypes)[keyof typeof tarTypes]

export interface TarEntry {
  readonly type: TarType
  readonly name: ByteString
  /** Of a link or symlink. */
  readonly linkname: ByteString
  /** Permission bits with set-user-id, set-group-id and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of data that follow in the archive; 0 for everything but files. */
  readonly size: number
  /** Seconds since the epoch, rounded down, and nanoseconds beyond. */
  readonly mtime: number
  readonly mtimeNsec: number
  readonly devmajor: number
  readonly devminor: number
  readonly xattrs?: ReadonlyMap<string, Buffer>
  /** Of a file with holes: where the data belongs. */
  readonly sparse?: SparseMap
}

export interface SparseMap {
  /** Bytes of the whole file, holes included. */
  readonly realSize: number
  readonly segments: readonly { readonly offset: number; readonly length: number }[]
}

/** An archive as a sequence: an entry, its data in pieces if it has any, its end. */
export type TarEvent =
  | { readonly type: 'entry'; readonly entry: TarEntry }
  | { readonly type: 'data'; readonly chunk: Buffer }
  | { readonly type: 'end' }

/** What is wrong with an archive; whoever knows which archive it is turns it into an error for the user. */
export class TarError extends Error {
  override readonly name = 'TarError'
}
