import type { Stats } from 'node:fs'
import { lstat, open, readlink } from 'node:fs/promises'
import { encodeEntry, padding, TRAILER, tarEntry } from '../../image/pack/tar-encode.ts'

/** What goes into an archive; names are paths in it. */
export interface PackedFiles {
  /** Files and symbolic links of this machine. One that has gone meanwhile is left out. */
  readonly files: readonly { readonly source: string; readonly name: string }[]
  /** What the archive takes away, for `whiteouts` of putContainerArchive. */
  readonly removed: readonly string[]
}

/** A tar archive of some files, while they may be changing: each is what it is when its turn comes. */
export async function* packFiles({ files, removed }: PackedFiles): AsyncGenerator<Buffer> {
  for (const name of removed) yield encodeEntry(tarEntry({ name: bytes(whiteout(name)) }))
  for (const { source, name } of files) {
    try {
      yield* packFile(source, bytes(name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  yield TRAILER
}

const bytes = (name: string): string => Buffer.from(name).toString('latin1')

function whiteout(name: string): string {
  const slash = name.lastIndexOf('/') + 1
  return `${name.slice(0, slash)}.wh.${name.slice(slash)}`
}

async function* packFile(source: string, name: string): AsyncGenerator<Buffer> {
  const stat = await lstat(source)
  if (stat.isSymbolicLink()) {
    const linkname = bytes(await readlink(source))
    yield encodeEntry(tarEntry({ ...attributes(stat), name, type: 'symlink', linkname }))
  } else if (stat.isFile()) yield* packContents(source, name)
}

async function* packContents(source: string, name: string): AsyncGenerator<Buffer> {
  await using file = await open(source, 'r')
  const stat = await file.stat()
  if (!stat.isFile()) return
  yield encodeEntry(tarEntry({ ...attributes(stat), name, size: stat.size }))
  // The archive has said how much comes: a file that grows is cut, one that shrinks filled up, as by tar(1). Its next
  // change brings it again.
  for (let left = stat.size; left > 0; ) {
    const chunk = Buffer.alloc(Math.min(left, 256 * 1024))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null)
    const length = bytesRead || chunk.length
    yield chunk.subarray(0, length)
    left -= length
  }
  yield padding(stat.size)
}

const attributes = ({ mode, mtimeMs }: Stats) => ({ mode: mode & 0o7777, mtime: Math.floor(mtimeMs / 1000) })
