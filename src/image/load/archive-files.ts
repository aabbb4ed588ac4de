import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path/posix'
import { addAbortSignal, type Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import type { Catalog, Lease } from '../catalog.ts'
import type { BlobWriter } from '../content.ts'
import type { Digest } from '../image.ts'
import { decompress } from '../unpack/decompress.ts'
import { entryPath } from '../unpack/entry-path.ts'
import { TarError } from '../unpack/tar-entry.ts'
import { TarReader } from '../unpack/tar-reader.ts'
import type { Ahead } from './ahead.ts'

/** A file of an archive, in the content store. */
export interface ArchiveFile {
  readonly digest: Digest
  readonly size: number
}

/** The longest manifest or configuration we read into memory. */
const DOCUMENT_LIMIT = 16 * 1024 * 1024

/** An image has a few for each of its layers. */
const ENTRIES_LIMIT = 65_536
/** Bytes of a path, as for the kernel (limits.h). */
const PATH_MAX = 4096

/** The files of an archive by their path. An archive comes as a stream, and what it is may stand at its end. */
export class ArchiveFiles {
  readonly #catalog: Catalog
  readonly #files = new Map<string, ArchiveFile>()
  readonly #links = new Map<string, string>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /**
   * Takes an archive, maybe compressed as a whole, into the content store, file by file.
   * @throws TscomposeError IMAGE_ARCHIVE_INVALID
   */
  static async read(
    catalog: Catalog,
    ahead: Ahead,
    lease: Lease,
    archive: Readable,
    signal: AbortSignal,
  ): Promise<ArchiveFiles> {
    const files = new ArchiveFiles(catalog)
    addAbortSignal(signal, archive)
    try {
      await files.#read(archive, ahead, lease)
    } catch (cause) {
      signal.throwIfAborted()
      if (!isDamage(cause)) throw cause
      throw new TscomposeError('IMAGE_ARCHIVE_INVALID', `not an archive that can be loaded: ${cause.message}`, {
        cause,
      })
    }
    return files
  }

  async #read(archive: Readable, ahead: Ahead, lease: Lease): Promise<void> {
    const reader = new TarReader()
    let writer: BlobWriter | undefined
    await using begun = new AsyncDisposableStack()
    begun.defer(async () => writer?.[Symbol.asyncDispose]())
    let entries = 0
    let path = ''
    let size = 0
    for await (const chunk of decompress(archive)) {
      for (const event of reader.read(chunk)) {
        if (event.type === 'entry') {
          const { type, name, linkname } = event.entry
          if (++entries > ENTRIES_LIMIT) throw new TarError(`it has more than ${ENTRIES_LIMIT} entries`)
          if (name.length > PATH_MAX || linkname.length > PATH_MAX) throw new TarError('it has a name that is too long')
          path = entryPath(name)
          size = event.entry.size
          if (type === 'link') this.#links.set(path, entryPath(linkname))
          if (type === 'symlink') this.#links.set(path, resolve(dirname(path), linkname))
          writer = type === 'file' ? await this.#catalog.content.create() : undefined
        } else if (event.type === 'data' && writer) {
          if (writer.size === 0) ahead.begin(writer, event.chunk, size)
          await writer.append(event.chunk)
        } else if (event.type === 'end' && writer) {
          const digest = await writer.end()
          await lease.hold([digest])
          ahead.end(writer, digest)
          this.#files.set(path, await writer.commit())
        }
      }
    }
    reader.finish()
  }

  has(path: string): boolean {
    return this.#find(path) !== undefined
  }

  paths(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** @throws TscomposeError IMAGE_ARCHIVE_INVALID if there is none */
  file(path: string): ArchiveFile {
    const file = this.#find(path)
    if (file) return file
    throw new TscomposeError('IMAGE_ARCHIVE_INVALID', `the archive has no ${path}, which it refers to`)
  }

  async text(path: string): Promise<Buffer> {
    const { digest, size } = this.file(path)
    if (size > DOCUMENT_LIMIT)
      throw new TscomposeError('IMAGE_ARCHIVE_INVALID', `${path} in the archive is too long: ${size} bytes`)
    return await this.#catalog.content.read(digest)
  }

  /** The first bytes of a file. */
  async start({ digest }: ArchiveFile, length: number): Promise<Buffer> {
    await using file = await open(this.#catalog.content.path(digest))
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  }

  #find(path: string): ArchiveFile | undefined {
    let at = entryPath(path)
    for (let hops = 0; hops < 10; hops++) {
      const target = this.#links.get(at)
      if (target === undefined) return this.#files.get(at)
      at = target
    }
    return undefined
  }
}

const isDamage = (error: unknown): error is Error =>
  error instanceof TarError ||
  (error instanceof Error && /^(?:Z_|ERR_ZSTD|ERR_ZLIB|ZSTD_)/.test((error as NodeJS.ErrnoException).code ?? ''))
