import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { debuglog } from 'node:util'
import { hexOf } from './digest.ts'
import type { Digest } from './image.ts'
import type { LeaveOut } from './pack/leave-out.ts'
import { type LayerBlob, Unpacker } from './unpack/unpacker.ts'

const debug = debuglog('tscompose:image')

/**
 * Directories of unpacked layers. A layer is kept once, however many images have it: the directory belongs to the diff
 * id, since what a layer holds does not depend on what lies below it (whiteouts are marks in it, not deletions).
 */
export class LayerDirectories {
  readonly #directory: string
  readonly #unpacker = new Unpacker()
  /** Directories being removed, for whoever wants to see the end of it. */
  readonly #removals = new Set<Promise<void>>()

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Removes everything but `known`: an interrupted pull has left it. */
  static async open(directory: string, known: ReadonlySet<string>): Promise<LayerDirectories> {
    const layers = new LayerDirectories(directory)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    for (const name of await readdir(directory)) if (!known.has(name)) await layers.remove(name)
    return layers
  }

  /** Says that there will be layers to unpack in a moment. */
  prepare(): void {
    this.#unpacker.prepare()
  }

  async list(): Promise<ReadonlySet<string>> {
    return new Set(await readdir(this.#directory))
  }

  path(name: string): string {
    return join(this.#directory, name)
  }

  /**
   * Unpacks a layer into a directory without a name, which it gets when it is kept.
   * @param diffId what it has to have; without it any will do
   */
  async unpack(
    diffId: Digest | undefined,
    blob: LayerBlob,
    onProgress: (current: number) => void,
    signal: AbortSignal,
  ): Promise<UnpackedLayer> {
    const temporary = this.#temporary()
    await mkdir(this.path(temporary))
    try {
      await chmod(this.path(temporary), 0o755) // whatever our umask; the archive may say otherwise
      const job = { blob, directory: this.path(temporary), ...(diffId && { diffId }), onProgress }
      const unpacked = await this.#unpacker.unpack(job, signal)
      let isKept = false
      return {
        diffId: unpacked.diffId,
        size: unpacked.size,
        keep: async taken => {
          const directory = shortName(unpacked.diffId, taken)
          await rename(this.path(temporary), this.path(directory))
          isKept = true
          return directory
        },
        [Symbol.asyncDispose]: async () => {
          if (!isKept) await this.remove(temporary)
        },
      }
    } catch (error) {
      await this.remove(temporary)
      throw error
    }
  }

  /**
   * Takes over a directory of the same file system that is in the form of a layer: the upper directory of an overlay.
   * It is gone from `path`, and must not change any more. @returns its name, which says nothing of what is in it
   */
  async adopt(path: string): Promise<string> {
    const name = randomBytes(8).toString('hex')
    await rename(path, this.path(name))
    return name
  }

  /** Writes the archive of a layer to a new file. */
  async pack(
    name: string,
    archive: string,
    latest?: number,
  ): Promise<{ readonly digest: Digest; readonly size: number }> {
    return await this.#unpacker.pack({
      directory: this.path(name),
      archive,
      ...(latest !== undefined && { latest }),
    })
  }

  /** As {@link pack}, of the upper directory of an overlay that stays where it is. */
  async packUpper(
    directory: string,
    archive: string,
    leaveOut: LeaveOut,
  ): Promise<{ readonly digest: Digest; readonly size: number }> {
    return await this.#unpacker.pack({ directory, archive, leaveOut })
  }

  /** @returns bytes of all files in a directory */
  measure(path: string): Promise<number> {
    return this.#unpacker.measure(path)
  }

  /** At once gone by name; the files themselves are removed in the background. */
  async remove(name: string): Promise<void> {
    const gone = this.#temporary()
    try {
      await rename(this.path(name), this.path(gone))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    const removal: Promise<void> = this.#unpacker
      .remove(this.path(gone))
      .catch(error => debug('cannot remove %s: %s', this.path(gone), error.message)) // the next start tries again
      .finally(() => this.#removals.delete(removal))
    this.#removals.add(removal)
  }

  /** Waits until what is being removed is gone. */
  async removed(): Promise<void> {
    await Promise.all(this.#removals)
  }

  #temporary(): string {
    return `.${randomBytes(8).toString('hex')}`
  }
}

/** A layer in a directory of its own. Disposed of before it is kept, it is gone. */
export interface UnpackedLayer extends AsyncDisposable {
  readonly diffId: Digest
  /** Bytes of its files. */
  readonly size: number
  /** @param taken the names that others have. @returns the name of its directory */
  keep(taken: ReadonlySet<string>): Promise<string>
}

/** As few digits of the diff id as tell it from the others. */
function shortName(diffId: Digest, taken: ReadonlySet<string>): string {
  const hex = hexOf(diffId)
  for (let length = 8; length < hex.length; length++) {
    const name = hex.slice(0, length)
    if (!taken.has(name)) return name
  }
  return hex
}
