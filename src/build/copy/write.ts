import type { FileHandle } from 'node:fs/promises'
import { TscomposeError } from '../../errors.ts'
import { encodeEntry, padding, TRAILER, tarEntry } from '../../image/pack/tar-encode.ts'
import { attempt } from '../../image/pack/xattrs.ts'
import type { Layer } from '../../image/state.ts'
import type { TarEntry, TarType } from '../../image/unpack/tar-entry.ts'
import type { Lease, Workshop } from '../../image/workshop.ts'
import { linux } from '../../sys/kernel.ts'
import { type ArchiveSource, movedInto } from './archive.ts'
import type { LayerEntry } from './layer-entry.ts'

/** Small files are read ahead, so many at a time: each waits for the disk by itself. */
const AHEAD = 16
const SMALL = 128 * 1024
const CHUNK = 1024 * 1024

export interface LayerContents {
  readonly entries: readonly LayerEntry[]
  /** Archives whose entries come after those, each below a directory of the layer. */
  readonly archives: readonly { readonly archive: ArchiveSource; readonly target: string }[]
  /** Seconds since the epoch; no entry of the archives says that it is younger. */
  readonly latest?: number
}

/**
 * Writes a layer: its archive into the image store, and unpacked from there.
 * @param lease what shall keep the layer
 */
export async function writeLayer(
  workshop: Workshop,
  lease: Lease,
  { entries, archives, latest }: LayerContents,
  signal: AbortSignal,
): Promise<Layer> {
  workshop.prepare()
  await using blob = await workshop.createBlob()
  let pending: Buffer[] = []
  let bytes = 0
  const flush = async () => {
    await blob.append(Buffer.concat(pending))
    pending = []
    bytes = 0
  }
  const put = async (chunk: Buffer) => {
    pending.push(chunk)
    bytes += chunk.length
    if (bytes >= CHUNK) await flush()
  }
  const small = readAhead(entries)
  for (const [index, entry] of entries.entries()) {
    signal.throwIfAborted()
    const { content } = entry
    if (content?.from === 'bytes') {
      await put(encodeEntry(header(entry, content.bytes.length)))
      await put(Buffer.concat([content.bytes, padding(content.bytes.length)]))
    } else if (content) {
      const file = await (small.get(index) ?? readWhole(content))
      await put(encodeEntry({ ...header(entry, content.size), ...(file.xattrs && { xattrs: file.xattrs }) }))
      for await (const chunk of file.chunks) await put(chunk)
      await put(padding(content.size))
    } else await put(encodeEntry(header(entry, 0)))
  }
  for (const { archive, target } of archives)
    for await (const chunk of movedInto(target, archive, latest)) await put(chunk)
  await put(TRAILER)
  await flush()
  await lease.hold([await blob.end()])
  const { digest, size } = await blob.commit()
  return await workshop.unpack(digest, size, signal)
}

const types: Readonly<Record<LayerEntry['type'], TarType>> = {
  file: 'file',
  directory: 'directory',
  symlink: 'symlink',
  fifo: 'fifo',
  'character-device': 'char',
  'block-device': 'block',
}

/** Names are bytes in an archive, one for each character. */
const bytesOf = (text: string): string => Buffer.from(text).toString('latin1')

const header = ({ path, type, mode, uid, gid, mtime, target, rdev }: LayerEntry, size: number): TarEntry =>
  tarEntry({
    name: bytesOf(path),
    type: types[type],
    mode,
    uid,
    gid,
    size,
    mtime: Number(mtime / 1_000_000_000n),
    linkname: bytesOf(target ?? ''),
    devmajor: rdev?.major ?? 0,
    devminor: rdev?.minor ?? 0,
  })

interface OpenedFile {
  readonly xattrs: ReadonlyMap<string, Buffer> | undefined
  readonly chunks: Iterable<Buffer> | AsyncIterable<Buffer>
}
type TreeContent = Extract<NonNullable<LayerEntry['content']>, { from: 'tree' }>

/** The small files among the entries, by index: reading one begins some time before it is asked for. */
function readAhead(entries: readonly LayerEntry[]): { get(index: number): Promise<OpenedFile> | undefined } {
  const wanted = entries.flatMap(({ content }, index) =>
    content?.from === 'tree' && content.size <= SMALL ? [{ index, content }] : [],
  )
  const begun = new Map<number, Promise<OpenedFile>>()
  let next = 0
  const begin = () => {
    for (; next < wanted.length && begun.size < AHEAD; next++) {
      const { index, content } = wanted[next] as (typeof wanted)[number]
      const reading = readWhole(content)
      reading.catch(() => {}) // told to whoever asks for it
      begun.set(index, reading)
    }
  }
  return {
    get(index) {
      begin()
      const reading = begun.get(index)
      begun.delete(index)
      return reading
    },
  }
}

async function readWhole({ tree, path, size }: TreeContent): Promise<OpenedFile> {
  const file = await tree.open(path)
  if (size > SMALL) return { xattrs: xattrsOf(file.fd), chunks: chunksOf(file, path, size) }
  try {
    const bytes = Buffer.alloc(size)
    let at = 0
    while (at < size) {
      const { bytesRead } = await file.read(bytes, at, size - at, at)
      if (bytesRead === 0) throw changed(path)
      at += bytesRead
    }
    return { xattrs: xattrsOf(file.fd), chunks: [bytes] }
  } finally {
    await file.close()
  }
}

async function* chunksOf(file: FileHandle, path: string, size: number): AsyncGenerator<Buffer> {
  try {
    for (let at = 0; at < size; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - at))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
      if (bytesRead === 0) throw changed(path)
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

const changed = (path: string) =>
  new TscomposeError('BUILD_SOURCE_CHANGED', `${path} got shorter while it was copied`, {
    fix: 'Build again when nothing changes the build context meanwhile.',
  })

const list = Buffer.allocUnsafeSlow(64 * 1024)
const internal = /^(?:trusted\.overlay\.|user\.overlay\.|security\.selinux$)/

/** The extended attributes of an open file: capabilities, for the most part. */
function xattrsOf(fd: number): ReadonlyMap<string, Buffer> | undefined {
  const length = attempt(() => linux.flistxattr(fd, list, list.length))
  if (!length) return undefined
  const names = list.toString('latin1', 0, length - 1).split('\0')
  const found = names
    .filter(name => !internal.test(name))
    .flatMap(name => {
      const size = attempt(() => linux.fgetxattr(fd, name, list, list.length))
      return size === undefined ? [] : [[name, Buffer.from(list.subarray(0, size))] as const]
    })
  return found.length > 0 ? new Map(found) : undefined
}
