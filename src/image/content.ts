import { createHash, randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../errors.ts'
import { digestOf, hexOf, isDigest } from './digest.ts'
import type { Digest } from './image.ts'
import type { LayerBlob } from './unpack/unpacker.ts'

/** Blobs by their digest: a file is under its name only when it is whole and has been found to have that digest. */
export class ContentStore {
  readonly #blobs: string
  readonly #partial: string

  private constructor(directory: string) {
    this.#blobs = join(directory, 'sha256')
    this.#partial = join(directory, 'partial')
  }

  /** Removes what an interrupted download or load has left. */
  static async open(directory: string): Promise<ContentStore> {
    const content = new ContentStore(directory)
    await rm(content.#partial, { recursive: true, force: true })
    await mkdir(content.#partial, { recursive: true, mode: 0o700 })
    await mkdir(content.#blobs, { recursive: true, mode: 0o700 })
    return content
  }

  path(digest: Digest): string {
    return join(this.#blobs, hexOf(digest))
  }

  async has(digest: Digest): Promise<boolean> {
    return await stat(this.path(digest)).then(
      () => true,
      () => false,
    )
  }

  /** @returns bytes; 0 if it is not there */
  async sizeOf(digest: Digest): Promise<number> {
    return await stat(this.path(digest)).then(
      ({ size }) => size,
      () => 0,
    )
  }

  /** For manifests and configurations, which fit in memory. */
  async read(digest: Digest): Promise<Buffer> {
    return await readFile(this.path(digest))
  }

  async put(bytes: string | Buffer): Promise<Digest> {
    const digest = digestOf(bytes)
    if (await this.has(digest)) return digest
    await using writer = await this.create()
    await writer.append(Buffer.from(bytes))
    await writer.commit()
    await this.sync(digest)
    return digest
  }

  /**
   * Has a blob on disk when it returns. Manifests and configurations need that before an image counts as there; a
   * layer's blob does not, as it is only a copy of what has been unpacked.
   */
  async sync(digest: Digest): Promise<void> {
    await using file = await open(this.path(digest))
    await file.sync()
  }

  async create(): Promise<BlobWriter> {
    const path = join(this.#partial, randomBytes(8).toString('hex'))
    return new BlobWriter(path, await open(path, 'wx', 0o600), digest => this.path(digest))
  }

  /** Where another process may write a blob, to be put in place by {@link adopt} or removed by whoever asked. */
  partialPath(): string {
    return join(this.#partial, randomBytes(8).toString('hex'))
  }

  /** Puts a file that has this digest under its name. */
  async adopt(path: string, digest: Digest): Promise<void> {
    await rename(path, this.path(digest))
  }

  /** @throws TscomposeError IMAGE_STORE_INVALID if a blob is not there as it was put there */
  async check({ digest, size }: { readonly digest: Digest; readonly size: number }): Promise<void> {
    const found = await stat(this.path(digest)).catch(() => undefined)
    if (found?.size === size) return
    throw new TscomposeError('IMAGE_STORE_INVALID', `the store has lost content: ${this.path(digest)}`, {
      fix: 'Remove the images that have it, and pull or load them again.',
    })
  }

  async list(): Promise<readonly Digest[]> {
    return (await readdir(this.#blobs)).map(hex => `sha256:${hex}` as const).filter(isDigest)
  }

  async remove(digest: Digest): Promise<void> {
    await rm(this.path(digest), { force: true })
  }
}

/** Bytes that are written at a time. Sockets give 64 KiB, and each write is a trip to another thread and back. */
const WRITE = 512 * 1024
/** Or so many of them, however short they are. */
const PIECES = 256

/**
 * A blob on its way into the store, that can be read already, but for what is yet to be written. Disposed of before it
 * is committed, it is gone.
 */
export class BlobWriter implements LayerBlob, AsyncDisposable {
  #path: string
  readonly #file: FileHandle
  readonly #pathOf: (digest: Digest) => string
  readonly #hash = createHash('sha256')
  readonly #watchers = new Set<(size: number, complete: boolean) => void>()
  #size = 0
  #pending: Buffer[] = []
  #written = 0
  #digest: Digest | undefined
  #committed = false

  constructor(path: string, file: FileHandle, pathOf: (digest: Digest) => string) {
    this.#path = path
    this.#file = file
    this.#pathOf = pathOf
  }

  /** Where it is at the moment. */
  get path(): string {
    return this.#path
  }

  get size(): number {
    return this.#size
  }

  /** Takes over `chunk`, which must not change any more. */
  async append(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk)
    this.#pending.push(chunk)
    this.#size += chunk.length
    if (this.#size - this.#written >= WRITE || this.#pending.length >= PIECES) await this.#flush()
  }

  /**
   * Says that this is all of it.
   * @throws TscomposeError IMAGE_DIGEST_MISMATCH if it is not what was `expected`
   */
  async end(expected?: { readonly digest: Digest; readonly size: number }): Promise<Digest> {
    await this.#flush()
    this.#digest ??= `sha256:${this.#hash.digest('hex')}`
    if (expected && this.#size !== expected.size)
      throw new TscomposeError(
        'IMAGE_DIGEST_MISMATCH',
        `${expected.digest} has ${this.#size} bytes, not ${expected.size} as announced`,
      )
    if (expected && this.#digest !== expected.digest)
      throw new TscomposeError(
        'IMAGE_DIGEST_MISMATCH',
        `content announced as ${expected.digest} has the digest ${this.#digest}`,
      )
    this.#notify()
    return this.#digest
  }

  /** Puts it into the store, whole. */
  async commit(): Promise<{ readonly digest: Digest; readonly size: number }> {
    const digest = await this.end()
    await this.#file.close()
    await rename(this.#path, this.#pathOf(digest))
    this.#path = this.#pathOf(digest)
    this.#committed = true
    return { digest, size: this.#size }
  }

  watch(grown: (size: number, complete: boolean) => void): Disposable {
    this.#watchers.add(grown)
    grown(this.#written, this.#digest !== undefined)
    return { [Symbol.dispose]: () => void this.#watchers.delete(grown) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#committed) return
    await this.#file.close()
    await rm(this.#path, { force: true })
  }

  async #flush(): Promise<void> {
    const pending = this.#pending
    if (pending.length === 0) return
    this.#pending = []
    await writeAll(this.#file, pending)
    this.#written = this.#size
    this.#notify()
    collectGarbage(pending)
  }

  #notify(): void {
    for (const grown of this.#watchers) grown(this.#written, this.#digest !== undefined)
  }
}

/**
 * Bytes of used-up chunks after which the collector is called. They lie outside of the heap, where V8 lets 64 MiB pile up,
 * and then goes through all of the heap; a minor collection frees them in well under a millisecond. Needs --expose-gc.
 */
const GARBAGE = 8 * 1024 * 1024
let garbage = 0

function collectGarbage(used: readonly Buffer[]): void {
  garbage += used.reduce((sum, chunk) => sum + chunk.length, 0)
  if (garbage < GARBAGE) return
  garbage = 0
  globalThis.gc?.({ type: 'minor' })
}

/** writev(2) may write less than it is given. */
async function writeAll(file: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  for (let rest = chunks; rest.length > 0; ) {
    let { bytesWritten } = await file.writev(rest)
    rest = rest.flatMap(chunk => {
      const left = chunk.subarray(Math.min(bytesWritten, chunk.length))
      bytesWritten -= chunk.length - left.length
      return left.length > 0 ? [left] : []
    })
  }
}
