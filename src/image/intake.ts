import type { Catalog } from './catalog.ts'
import type { BlobWriter } from './content.ts'
import type { Digest } from './image.ts'
import type { Descriptor } from './manifest.ts'
import { SharedWork } from './shared-work.ts'
import type { Layer } from './state.ts'
import type { LayerBlob } from './unpack/unpacker.ts'

/** How far a layer is, in bytes of its archive. */
export interface LayerProgress {
  readonly step: 'downloading' | 'downloaded' | 'extracting'
  readonly current: number
  readonly total: number
}
type OnLayerProgress = (progress: LayerProgress) => void

/** Writes the archive of a layer into the store. */
export type Download = (writer: BlobWriter, onProgress: (current: number) => void, signal: AbortSignal) => Promise<void>

/**
 * Takes layers into the store: each once, also when several images that are being pulled or loaded have it. Whoever
 * calls holds a lease on the diff id and on the digest of the archive.
 */
export class Intake {
  readonly #catalog: Catalog
  readonly #running = new SharedWork<Digest, LayerProgress, void>()

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** Says that there will be layers in a moment. */
  prepare(): void {
    this.#catalog.directories.prepare()
  }

  has(diffId: Digest): boolean {
    return this.#catalog.layer(diffId) !== undefined
  }

  /** A layer whose archive stands in the content store. */
  async stored(diffId: Digest, blob: Layer['blob'], onProgress: OnLayerProgress, signal: AbortSignal): Promise<void> {
    const archive = wholeFile(this.#catalog.content.path(blob.digest), blob.size)
    const work = async (tell: OnLayerProgress, signal: AbortSignal) => {
      if (this.has(diffId)) return
      const unpacked = await this.#unpack(diffId, archive, blob.size, tell, signal)
      this.#catalog.addLayer(diffId, { ...unpacked, blob })
    }
    await this.#running.do(diffId, work, onProgress, signal)
  }

  /** A layer that is downloaded; it is unpacked at the same time, and used only if both digests are right. */
  async fetched(
    diffId: Digest,
    { digest, size, mediaType }: Descriptor,
    download: Download,
    onProgress: OnLayerProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const work = async (tell: OnLayerProgress, signal: AbortSignal) => {
      if (this.has(diffId)) return
      await using writer = await this.#catalog.content.create()
      const failed = new AbortController()
      const until = AbortSignal.any([signal, failed.signal])
      const downloading = async () => {
        const onProgress = (current: number) => tell({ step: 'downloading', current, total: size })
        await download(writer, onProgress, until)
        writer.end({ digest, size })
        tell({ step: 'downloaded', current: size, total: size })
      }
      const onFailure = (error: unknown) => {
        failed.abort(error)
        throw error
      }
      const both = [
        downloading().catch(onFailure),
        this.#unpack(diffId, writer, size, tell, until).catch(onFailure),
      ] as const
      await Promise.allSettled(both)
      failed.signal.throwIfAborted() // what failed first, not what it tore down
      const unpacked = await both[1]
      try {
        await writer.commit()
      } catch (error) {
        await this.#catalog.directories.remove(unpacked.directory)
        throw error
      }
      this.#catalog.addLayer(diffId, { ...unpacked, blob: { digest, size, mediaType } })
    }
    await this.#running.do(diffId, work, onProgress, signal)
  }

  async #unpack(diffId: Digest, archive: LayerBlob, total: number, tell: OnLayerProgress, signal: AbortSignal) {
    const onProgress = (current: number) => tell({ step: 'extracting', current, total })
    const taken = () => this.#catalog.layerDirectories()
    return await this.#catalog.directories.unpack(diffId, archive, taken, onProgress, signal)
  }
}

const wholeFile = (path: string, size: number): LayerBlob => ({
  path,
  watch(grown) {
    grown(size, true)
    return { [Symbol.dispose]() {} }
  },
})
