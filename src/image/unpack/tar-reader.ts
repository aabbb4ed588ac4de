import { applyPax, decodePax, type PaxRecords, SparseMapBlocks, sparseInData, sparseMapOf, xattrsOf } from './pax.ts'
import { type ByteString, type SparseMap, type TarEntry, TarError, type TarEvent } from './tar-entry.ts'
import { BLOCK, decodeHeader, oldGnuSparse, oldGnuSparseExtension, type TarHeader, typeOf } from './tar-header.ts'

/** More than any path or set of attributes the kernel takes: what a hostile archive may make us hold in memory. */
const METADATA_LIMIT = 4 * 1024 * 1024
/** Of all global headers together: what they say is gone through for each entry. */
const GLOBAL_LIMIT = 64 * 1024

/**
 * Reads a tar archive (ustar, PAX, GNU) from chunks cut anywhere, without copying file data: `read` each chunk, go
 * through the events, and `finish`. A chunk may be used again once its events have been gone through.
 */
export class TarReader {
  /** What the next bytes are. */
  #state: 'header' | 'collect' | 'data' | 'end' = 'header'
  /** Bytes of data, or to collect, that are still to come, and of padding after them. */
  #remaining = 0
  #padding = 0
  /** The parts of a block or of metadata that came so far, and what to do with the whole. */
  #parts: Buffer[] = []
  #collected: (whole: Buffer) => TarEntry | undefined = () => undefined
  #global: PaxRecords = new Map()
  #globalSize = 0
  #pax: PaxRecords | undefined
  #longName: ByteString | undefined
  #longLink: ByteString | undefined

  /**
   * Without its closing blocks of zeros, and without the padding of the last file, an archive counts as whole: Docker's
   * client sends build contexts so.
   * @throws TarError if it ended in the middle
   */
  finish(): void {
    if (this.#state !== 'end' && (this.#state !== 'header' || this.#parts.length > 0))
      throw new TarError('the archive ends in the middle: it is truncated')
  }

  *read(chunk: Buffer): Generator<TarEvent, void> {
    let at = 0
    while (at < chunk.length && this.#state !== 'end') {
      if (this.#remaining === 0 && this.#padding > 0) {
        const skipped = Math.min(this.#padding, chunk.length - at)
        this.#padding -= skipped
        at += skipped
      } else if (this.#state === 'data') {
        const end = Math.min(at + this.#remaining, chunk.length)
        yield { type: 'data', chunk: chunk.subarray(at, end) }
        this.#remaining -= end - at
        at = end
        if (this.#remaining === 0) {
          this.#state = 'header'
          yield { type: 'end' }
        }
      } else {
        if (this.#state === 'header' && this.#parts.length === 0) this.#remaining = BLOCK
        const end = Math.min(at + this.#remaining, chunk.length)
        const part = chunk.subarray(at, end)
        this.#remaining -= end - at
        at = end
        if (this.#remaining > 0) {
          this.#parts.push(Buffer.from(part))
          continue
        }
        const whole = this.#parts.length === 0 ? part : Buffer.concat([...this.#parts, part])
        this.#parts = []
        const entry = this.#state === 'header' ? this.#header(whole) : this.#collected(whole)
        if (!entry) continue
        yield { type: 'entry', entry }
        if (entry.size > 0) this.#state = 'data'
        else yield { type: 'end' }
      }
    }
  }

  #header(block: Buffer): TarEntry | undefined {
    const header = decodeHeader(block)
    if (!header) {
      this.#state = 'end'
      return undefined
    }
    switch (header.typeflag) {
      case 'x':
        return this.#metadata(header.size, data => {
          this.#pax = decodePax(data)
        })
      case 'g':
        return this.#metadata(header.size, data => {
          this.#globalSize += data.length
          if (this.#globalSize > GLOBAL_LIMIT) throw new TarError('the global headers are too great')
          this.#global = new Map([...this.#global, ...decodePax(data)])
        })
      case 'L':
        return this.#metadata(header.size, data => {
          this.#longName = untilNul(data)
        })
      case 'K':
        return this.#metadata(header.size, data => {
          this.#longLink = untilNul(data)
        })
      case 'V': // the name of the volume
        return undefined
    }
    const pax = this.#pax ?? (this.#global.size > 0 ? new Map() : undefined)
    const records = pax && this.#global.size > 0 ? new Map([...this.#global, ...pax]) : pax
    if (this.#longName !== undefined) header.name = this.#longName
    if (this.#longLink !== undefined) header.linkname = this.#longLink
    if (records) applyPax(header, records)
    this.#pax = this.#longName = this.#longLink = undefined
    if (header.typeflag === 'S') return this.#oldGnuSparse(header, block, records)
    return records ? this.#withRecords(header, records) : this.#entry(header)
  }

  #withRecords(header: TarHeader, records: PaxRecords): TarEntry | undefined {
    const xattrs = xattrsOf(records)
    const realSize = sparseInData(records)
    if (realSize === undefined) return this.#entry(header, sparseMapOf(records), xattrs)
    // The map takes up whole blocks at the start of the data; how many, only its end tells.
    const blocks = new SparseMapBlocks()
    const grow = (): TarEntry | undefined => {
      if (blocks.isWhole)
        return this.#entry({ ...header, size: header.size - blocks.length }, blocks.decode(realSize), xattrs)
      if (blocks.length >= Math.min(header.size, METADATA_LIMIT)) throw new TarError('a sparse map is damaged')
      return this.#collect(BLOCK, block => {
        blocks.add(block)
        return grow()
      })
    }
    return grow()
  }

  #oldGnuSparse(header: TarHeader, block: Buffer, records: PaxRecords | undefined): TarEntry | undefined {
    const { map, more } = oldGnuSparse(block)
    const xattrs = records && xattrsOf(records)
    const segments = [...map.segments]
    const next = (more: boolean): TarEntry | undefined =>
      more
        ? this.#collect(BLOCK, extension => {
            const { segments: further, more } = oldGnuSparseExtension(extension)
            segments.push(...further)
            if (segments.length * 24 > METADATA_LIMIT) throw new TarError('a sparse map is too great')
            return next(more)
          })
        : this.#entry(header, { realSize: map.realSize, segments }, xattrs)
    return next(more)
  }

  /** An entry, and the reader ready for its data. */
  #entry(header: TarHeader, sparse?: SparseMap, xattrs?: ReadonlyMap<string, Buffer>): TarEntry {
    const type = typeOf(header)
    const { typeflag: _, ...fields } = header
    const size = type === 'file' ? header.size : 0 // elsewhere the field says something else, or nothing
    if (sparse) checkSparse(sparse, size)
    this.#state = 'header'
    this.#remaining = size
    this.#padding = -size & (BLOCK - 1)
    return { ...fields, type, size, ...(sparse && { sparse }), ...(xattrs && { xattrs }) }
  }

  #metadata(size: number, use: (data: Buffer) => void): undefined {
    return this.#collect(size, data => {
      use(data)
      return undefined
    })
  }

  #collect(size: number, collected: (whole: Buffer) => TarEntry | undefined): undefined {
    if (size > METADATA_LIMIT) throw new TarError('the metadata of an entry is too great')
    this.#state = 'collect'
    this.#remaining = size
    this.#padding = -size & (BLOCK - 1)
    this.#collected = whole => {
      this.#state = 'header'
      return collected(whole)
    }
    if (size === 0) this.#collected(Buffer.alloc(0))
    return undefined
  }
}

function checkSparse({ realSize, segments }: SparseMap, size: number): void {
  let end = 0
  let data = 0
  for (const { offset, length } of segments) {
    if (offset < end) throw new TarError('the parts of a sparse file overlap')
    end = offset + length
    data += length
  }
  if (end > realSize || data !== size) throw new TarError('a sparse map does not fit the size of its file')
}

function untilNul(data: Buffer): ByteString {
  const nul = data.indexOf(0)
  return data.toString('latin1', 0, nul < 0 ? data.length : nul)
}
