import type { BlobWriter } from '../content.ts'
import type { Digest } from '../image.ts'
import type { Intake } from '../intake.ts'
import type { UnpackedLayer } from '../layers.ts'
import { compressionOf } from '../unpack/decompress.ts'

/** Bytes below which a file is not worth it: it is unpacked quickly afterwards, and most are no layers at all. */
const WORTHWHILE = 1024 * 1024
/** Where a tar archive says that it is one, pax(1), "ustar Interchange Format". */
const MAGIC = { at: 257, text: 'ustar' } as const

/**
 * Unpacks the files of an archive that look like layers while it is being read: what they are, and with which diff id,
 * stands at its end. What turns out to be none is removed.
 */
export class Ahead implements AsyncDisposable {
  readonly #intake: Intake
  readonly #begun = new Map<BlobWriter, Promise<UnpackedLayer | undefined>>()
  readonly #ended = new Map<Digest, Promise<UnpackedLayer | undefined>>()
  readonly #abandoned = new AbortController()

  constructor(intake: Intake) {
    this.#intake = intake
  }

  /**
   * To be called with the first bytes of a file.
   * @param size its bytes, all of them
   */
  begin(writer: BlobWriter, start: Buffer, size: number): void {
    if (size < WORTHWHILE || !looksLikeLayer(start) || this.#intake.hasArchiveOf(size)) return
    // A failure is none yet: should it be a layer, it will be unpacked again, and fail again.
    const unpacked = this.#intake.ahead(writer, this.#abandoned.signal).catch(() => undefined)
    this.#begun.set(writer, unpacked)
  }

  /** To be called when the whole file is written. */
  end(writer: BlobWriter, digest: Digest): void {
    const unpacked = this.#begun.get(writer)
    if (unpacked && !this.#ended.has(digest)) this.#ended.set(digest, unpacked)
  }

  /** The layer in a file, if it has been unpacked. */
  async layer(digest: Digest): Promise<UnpackedLayer | undefined> {
    return await this.#ended.get(digest)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abandoned.abort(new Error('the archive has been read'))
    await using unused = new AsyncDisposableStack()
    for (const layer of await Promise.all(this.#begun.values())) unused.use(layer)
  }
}

const looksLikeLayer = (start: Buffer): boolean =>
  compressionOf(start) !== 'none' || start.toString('latin1', MAGIC.at, MAGIC.at + MAGIC.text.length) === MAGIC.text
