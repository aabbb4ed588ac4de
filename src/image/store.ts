import type { Readable } from 'node:stream'
import { TscomposeError } from '../errors.ts'
import { Catalog } from './catalog.ts'
import { chainIds } from './chain-id.ts'
import type {
  Digest,
  Image,
  ImageRemoval,
  ImageStore,
  ImageStoreOptions,
  OnImageProgress,
  Platform,
  PullOptions,
  PushedImage,
  PushOptions,
  RemoveOptions,
} from './image.ts'
import { Intake } from './intake.ts'
import { loadArchive } from './load/load.ts'
import { notFound, planRemoval, removalLines, resolve, tagged } from './names.ts'
import { Puller } from './pull.ts'
import { Pusher } from './push/push.ts'
import { parseReference, repositoryOf } from './reference.ts'
import { Registries } from './registry/registries.ts'
import { isRootfs, rootfsImage } from './rootfs.ts'
import { saveArchive } from './save/save.ts'
import { imagesToSave } from './save/select.ts'
import { Workshop } from './workshop.ts'

/**
 * Opens the store in `options.dataDir`, which one process at a time may have open, and clears away what an interrupted
 * pull or load has left there.
 */
export async function openImageStore(options: ImageStoreOptions): Promise<ImageStore> {
  const catalog = await Catalog.open(options.dataDir, options.retained, options.report)
  const intake = new Intake(catalog)
  return new LocalImageStore(
    catalog,
    intake,
    new Puller(catalog, intake, options),
    new Pusher(catalog, options),
    new Registries(options),
  )
}

class LocalImageStore implements ImageStore {
  readonly workshop: Workshop
  readonly registries: Registries
  readonly #catalog: Catalog
  readonly #intake: Intake
  readonly #puller: Puller
  readonly #pusher: Pusher

  constructor(catalog: Catalog, intake: Intake, puller: Puller, pusher: Pusher, registries: Registries) {
    this.#catalog = catalog
    this.#intake = intake
    this.#puller = puller
    this.#pusher = pusher
    this.registries = registries
    this.workshop = new Workshop(catalog, intake)
  }

  async find(reference: string): Promise<Image | undefined> {
    if (isRootfs(reference)) return await rootfsImage(reference)
    const found = resolve(this.#catalog.state, reference)
    return found && this.#catalog.image(found.id)
  }

  async list(): Promise<readonly Image[]> {
    return this.#catalog.images().toSorted((a, b) => b.created.getTime() - a.created.getTime())
  }

  lowerdirs({ id, rootfs, layers }: Image): readonly string[] {
    if (rootfs !== undefined) return [rootfs]
    const directories = layers.toReversed().map(diffId => {
      const layer = this.#catalog.layer(diffId)
      if (!layer) throw new TscomposeError('IMAGE_NOT_FOUND', `the image ${id} has been removed`)
      return this.#catalog.directories.path(layer.directory)
    })
    // overlayfs takes a directory once only. What a layer has further down, it has all of it further up, too.
    return [...new Set(directories)]
  }

  layerSize(diffId: Digest): number {
    const layer = this.#catalog.layer(diffId)
    return layer ? layer.size + layer.blob.size : 0
  }

  async documentsSize({ id }: Image): Promise<number> {
    const { content, state } = this.#catalog
    const sizes = await Promise.all([id, state.images[id]].map(digest => (digest ? content.sizeOf(digest) : 0)))
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  async pull(reference: string, options: PullOptions, signal: AbortSignal): Promise<Image> {
    if (isRootfs(reference)) return await rootfsImage(reference)
    return await this.#puller.pull(parseReference(reference), options, signal)
  }

  async pullAll(repository: string, options: PullOptions, signal: AbortSignal): Promise<readonly Image[]> {
    return await this.#puller.pullAll(parseReference(repository), options, signal)
  }

  async push(repository: string, options: PushOptions, signal: AbortSignal): Promise<readonly PushedImage[]> {
    if (isRootfs(repository))
      throw new TscomposeError('IMAGE_CONFLICT', `${repository} is a directory of this machine, which cannot be pushed`)
    const reference = parseReference(repository)
    if (reference.digest) throw new TscomposeError('IMAGE_REFERENCE_INVALID', 'cannot push a digest reference')
    const hasTag = /:[^/]*$/.test(repository)
    const { tag = hasTag ? reference.tag : undefined } = options
    const one = tag === undefined ? reference : parseReference(`${repositoryOf(reference)}:${tag}`)
    return await this.#pusher.push(one, tag === undefined, options, signal)
  }

  async load(
    archive: Readable,
    onProgress: OnImageProgress,
    signal: AbortSignal,
    platform?: Platform,
  ): Promise<readonly Image[]> {
    return await loadArchive(
      this.#catalog,
      this.#intake,
      archive,
      { onProgress, ...(platform && { platform }) },
      signal,
    )
  }

  async save(references: readonly string[]): Promise<Readable> {
    return await saveArchive(this.#catalog, imagesToSave(this.#catalog, references))
  }

  layerSizes({ layers }: Image): readonly number[] {
    return layers.map(diffId => this.#catalog.layer(diffId)?.size ?? 0)
  }

  async tag(image: Image, reference: string): Promise<void> {
    const name = parseReference(reference)
    if (name.digest)
      throw new TscomposeError(
        'IMAGE_REFERENCE_INVALID',
        `refusing to create a tag with a digest reference: "${reference}"`,
      )
    if (image.rootfs !== undefined)
      throw new TscomposeError('IMAGE_CONFLICT', `a rootfs: image cannot get another name: "${reference}"`)
    await this.#catalog.change(state => {
      if (!(image.id in state.images)) throw notFound(image.id)
      return tagged(state, image.id, name)
    })
  }

  async settled(): Promise<void> {
    await this.#catalog.settled()
  }

  async remove(reference: string, { force, judge }: RemoveOptions): Promise<readonly ImageRemoval[]> {
    if (isRootfs(reference))
      throw new TscomposeError(
        'IMAGE_CONFLICT',
        `${reference} is a directory of this machine, not an image that can be removed`,
      )
    let lines: readonly ImageRemoval[] = []
    let image: Image | undefined
    const dropped = await this.#catalog.change(state => {
      const found = resolve(state, reference)
      if (!found) throw notFound(reference)
      const { state: next, untagged, deletes } = planRemoval(state, found, force)
      const going = deletes ? this.#catalog.image(found.id) : undefined
      const kept = going && judge?.(going) === 'keep'
      if (!kept) image = going
      lines = removalLines(untagged, image ? [found.id] : [])
      return kept ? { ...next, images: state.images, tagged: state.tagged } : next
    })
    const layers = image?.layers ?? []
    const chains = chainIds(layers).filter((_, index) => dropped.includes(layers[index] ?? 'sha256:'))
    return [...lines, ...removalLines([], chains.toReversed())]
  }
}
