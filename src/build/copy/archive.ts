import { encodeEntry, padding } from '../../image/pack/tar-encode.ts'
import { decompress } from '../../image/unpack/decompress.ts'
import { entryPath } from '../../image/unpack/entry-path.ts'
import { BLOCK, decodeHeader } from '../../image/unpack/tar-header.ts'
import { TarReader } from '../../image/unpack/tar-reader.ts'

/** A tar archive, maybe compressed, that ADD unpacks. */
export interface ArchiveSource {
  open(): AsyncIterable<Buffer>
}

const magics = { xz: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), bzip2: Buffer.from('BZh') } as const

/** The chunks of an archive, decompressed: gzip and zstd here, xz and bzip2 by the programs of that name. */
async function* plain(source: ArchiveSource): AsyncGenerator<Buffer> {
  const program = await compressorOf(source)
  if (program === undefined) return yield* decompress(source.open())
  const { execa } = await import('execa')
  const child = execa(program, ['-dc'], { stdin: source.open(), buffer: false, encoding: 'buffer' })
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer
    await child
  } finally {
    child.kill()
    await child.catch(() => {})
  }
}

async function compressorOf(source: ArchiveSource): Promise<keyof typeof magics | undefined> {
  for await (const chunk of source.open())
    return (Object.keys(magics) as (keyof typeof magics)[]).find(name =>
      chunk.subarray(0, magics[name].length).equals(magics[name]),
    )
  return undefined
}

/** Whether it is a tar archive: one that its name says is, and that is not, is copied as the file it is. */
export async function isArchive(source: ArchiveSource): Promise<boolean> {
  try {
    let start = Buffer.alloc(0)
    for await (const chunk of plain(source)) {
      start = Buffer.concat([start, chunk])
      if (start.length >= BLOCK) break
    }
    return start.length >= BLOCK && decodeHeader(start.subarray(0, BLOCK)) !== undefined
  } catch {
    return false
  }
}

/**
 * The entries of an archive as those of a directory of a layer; without the ending blocks.
 * @param latest seconds since the epoch; no entry says that it is younger
 */
export async function* movedInto(target: string, source: ArchiveSource, latest?: number): AsyncGenerator<Buffer> {
  const reader = new TarReader()
  const within = (name: string) => Buffer.from(target).toString('latin1') + entryPath(name)
  let size = 0
  for await (const chunk of plain(source))
    for (const event of reader.read(chunk)) {
      if (event.type === 'data') yield Buffer.from(event.chunk)
      else if (event.type === 'end') yield padding(size)
      else {
        const { entry } = event
        size = entry.size
        if (entryPath(entry.name) === '/') continue
        yield encodeEntry({
          ...entry,
          name: within(entry.name).replace(/^\//, ''),
          linkname: entry.type === 'link' ? within(entry.linkname).replace(/^\//, '') : entry.linkname,
          mtime: Math.min(entry.mtime, latest ?? Number.POSITIVE_INFINITY),
          mtimeNsec: 0,
        })
      }
    }
  reader.finish()
}
