import type { Catalog } from './catalog.ts'
import type { BlobWriter } from './content.ts'
import type { Digest } from './image.ts'
import type { UnpackedLayer } from './layers.ts'
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

  /** Whether there may be the layer of an archive of so many bytes. */
  hasArchiveOf(size: number): boolean {
    return Object.values(this.#catalog.state.layers).some(({ blob }) => blob.size === size)
  }

  /**
   * Begins to unpack what may turn out to be a layer, while its archive is still being written.
   * @throws TscomposeError IMAGE_LAYER_INVALID if it is none, and the others of the unpacker
   */
  ahead(archive: LayerBlob, signal: AbortSignal): Promise<UnpackedLayer> {
    return this.#catalog.directories.unpack(undefined, archive, () => {}, signal)
  }

  /**
   * A layer whose archive stands in the content store.
   * @param ahead it unpacked, if that has been done already; it is still the caller's to dispose of
   */
  async stored(
    diffId: Digest,
    blob: Layer['blob'],
    onProgress: OnLayerProgress,
    signal: AbortSignal,
    ahead?: UnpackedLayer,
  ): Promise<void> {
    const archive = wholeFile(this.#catalog.content.path(blob.digest), blob.size)
    const work = async (tell: OnLayerProgress, signal: AbortSignal) => {
      if (this.has(diffId)) return
      if (ahead?.diffId === diffId) return await this.#keep(ahead, blob)
      await using unpacked = await this.#unpack(diffId, archive, blob.size, tell, signal)
      await this.#keep(unpacked, blob)
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
        await writer.end({ digest, size })
        tell({ step: 'downloaded', current: size, total: size })
      }
      const onFailure = (error: unknown) => {
        failed.abort(error)
      }
      await using layers = new AsyncDisposableStack()
      const unpacking = async () => layers.use(await this.#unpack(diffId, writer, size, tell, until))
      const [unpacked] = await Promise.all([unpacking().catch(onFailure), downloading().catch(onFailure)])
      failed.signal.throwIfAborted() // what failed first, not what it tore down
      if (!unpacked) throw new TypeError('a layer was neither unpacked nor refused')
      await writer.commit()
      await this.#keep(unpacked, { digest, size, mediaType })
    }
    await this.#running.do(diffId, work, onProgress, signal)
  }

  async #unpack(diffId: Digest, archive: LayerBlob, total: number, tell: OnLayerProgress, signal: AbortSignal) {
    const onProgress = (current: number) => tell({ step: 'extracting', current, total })
    return await this.#catalog.directories.unpack(diffId, archive, onProgress, signal)
  }

  async #keep(unpacked: UnpackedLayer, blob: Layer['blob']): Promise<void> {
    const directory = await unpacked.keep(this.#catalog.layerDirectories())
    this.#catalog.addNewLayer(unpacked.diffId, { directory, size: unpacked.size, blob })
  }
}

/** An archive that is all there. */
export const wholeFile = (path: string, size: number): LayerBlob => ({
  path,
  watch(grown) {
    grown(size, true)
    return { [Symbol.dispose]() {} }
  },
})
