import type { Readable } from 'node:stream'
import { TscomposeError } from '../errors.ts'
import { Catalog } from './catalog.ts'
import { chainIds } from './chain-id.ts'
import type {
  Digest,
  Image,
  ImageDescriptor,
  ImageRemoval,
  ImageStore,
  ImageStoreOptions,
  ListedImage,
  ListedManifest,
  LoadOptions,
  OnImageProgress,
  Platform,
  PullOptions,
  PushedImage,
  PushOptions,
  RemoveOptions,
} from './image.ts'
import { Intake } from './intake.ts'
import { loadArchive } from './load/load.ts'
import { notFound, planRemoval, planVariantRemoval, type Removal, removalLines, resolve, tagged } from './names.ts'
import { isPlatform } from './platform.ts'
import { Puller } from './pull.ts'
import { Pusher } from './push/push.ts'
import { parseReference, repositoryOf } from './reference.ts'
import { Registries } from './registry/registries.ts'
import { isRootfs, rootfsImage } from './rootfs.ts'
import { saveArchive } from './save/save.ts'
import { imagesToSave } from './save/select.ts'
import type { StoreState } from './state.ts'
import { storedIndex, storedManifest } from './stored-manifest.ts'
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

  async find(reference: string, platform?: Platform): Promise<Image | undefined> {
    if (isRootfs(reference)) {
      const image = await rootfsImage(reference)
      return !platform || isPlatform(platform, image.platform) ? image : undefined
    }
    const found = resolve(this.#catalog.state, reference)
    return found && this.#catalog.imageFor(found.target, platform)
  }

  async findAll(reference: string): Promise<readonly Image[]> {
    if (isRootfs(reference)) return [await rootfsImage(reference)]
    const found = resolve(this.#catalog.state, reference)
    return found ? this.#catalog.imagesOf(found.target) : []
  }

  async list(): Promise<readonly ListedImage[]> {
    return this.#catalog.list().toSorted((a, b) => b.created.getTime() - a.created.getTime())
  }

  async findListed(reference: string): Promise<ListedImage | undefined> {
    const found = isRootfs(reference) ? undefined : resolve(this.#catalog.state, reference)
    return found && this.#catalog.listed(found.name === undefined ? this.#catalog.shownAs(found.target) : found.target)
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

  async manifests({ target, variants }: ListedImage): Promise<readonly ListedManifest[]> {
    const catalog = this.#catalog
    const index = target in catalog.state.indexes ? await storedIndex(catalog, target) : undefined
    const stored = index?.images ?? (await Promise.all(variants.map(({ id }) => storedManifest(catalog, id))))
    const here = stored.map(({ id, bytes, digest, manifest: { mediaType, config, layers } }): ListedManifest => {
      const image = catalog.image(id)
      const content = [config, ...layers].reduce((sum, { size }) => sum + size, bytes.length)
      return { digest, mediaType, size: bytes.length, content, ...(image && { image, platform: image.platform }) }
    })
    const missing = (index?.missing ?? []).map((descriptor): ListedManifest => ({ ...descriptor, content: 0 }))
    return [...here, ...missing]
  }

  async descriptor(image: Image | ListedImage): Promise<ImageDescriptor | undefined> {
    const catalog = this.#catalog
    if (image.rootfs !== undefined) return undefined
    if ('target' in image && image.target in catalog.state.indexes) {
      const { mediaType, digest, bytes } = await storedIndex(catalog, image.target)
      return { mediaType, digest, size: bytes.length }
    }
    const { manifest, digest, bytes } = await storedManifest(catalog, image.id)
    return { mediaType: manifest.mediaType, digest, size: bytes.length, platform: image.platform }
  }

  async documentsSize({ target, variants }: ListedImage): Promise<number> {
    const { content, state } = this.#catalog
    const own = variants.flatMap(({ id }) => [id, state.images[id]])
    const index = state.indexes[target]
    const documents = new Set([...own, ...(index ? [target, ...(Object.keys(index) as Digest[])] : [])])
    const sizes = await Promise.all([...documents].map(digest => (digest ? content.sizeOf(digest) : 0)))
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
    options: LoadOptions = {},
  ): Promise<readonly Image[]> {
    return await loadArchive(this.#catalog, this.#intake, archive, { onProgress, ...options }, signal)
  }

  async save(references: readonly string[], platform?: Platform): Promise<Readable> {
    return await saveArchive(this.#catalog, imagesToSave(this.#catalog, references, platform))
  }

  layerSizes({ layers }: Image): readonly number[] {
    return layers.map(diffId => this.#catalog.layer(diffId)?.size ?? 0)
  }

  async tag(source: string, reference: string): Promise<Image> {
    const name = parseReference(reference)
    if (name.digest)
      throw new TscomposeError(
        'IMAGE_REFERENCE_INVALID',
        `refusing to create a tag with a digest reference: "${reference}"`,
      )
    if (isRootfs(source))
      throw new TscomposeError('IMAGE_CONFLICT', `a rootfs: image cannot get another name: "${reference}"`)
    const targetIn = (state: StoreState) => {
      const found = resolve(state, source)
      if (!found) throw notFound(source)
      return found.name === undefined ? this.#catalog.shownAs(found.target) : found.target
    }
    await this.#catalog.change(state => tagged(state, targetIn(state), name))
    const image = this.#catalog.imageFor(targetIn(this.#catalog.state), undefined)
    if (!image) throw notFound(source)
    return image
  }

  async settled(): Promise<void> {
    await this.#catalog.settled()
  }

  async remove(reference: string, { force, platform, judge }: RemoveOptions): Promise<readonly ImageRemoval[]> {
    if (isRootfs(reference))
      throw new TscomposeError(
        'IMAGE_CONFLICT',
        `${reference} is a directory of this machine, not an image that can be removed`,
      )
    const catalog = this.#catalog
    let lines: readonly ImageRemoval[] = []
    let going: readonly Image[] = []
    const dropped = await catalog.change(state => {
      const { state: next, untagged, deleted } = this.#planRemoval(state, reference, force, platform)
      const judged = deleted.flatMap(id => catalog.image(id) ?? [])
      const kept = new Set(judged.filter(image => judge?.(image) === 'keep').map(({ id }) => id))
      going = judged.filter(({ id }) => !kept.has(id))
      lines = removalLines(
        untagged,
        going.map(({ id }) => id),
      )
      const stays = <T>(before: Readonly<Record<Digest, T>>, after: Readonly<Record<Digest, T>>) =>
        Object.fromEntries(Object.entries(before).filter(([id]) => id in after || kept.has(id as Digest)))
      return { ...next, images: stays(state.images, next.images), tagged: stays(state.tagged, next.tagged) }
    })
    const chains = going.flatMap(({ layers }) =>
      chainIds(layers)
        .filter((_, index) => dropped.includes(layers[index] ?? 'sha256:'))
        .toReversed(),
    )
    return [...lines, ...removalLines([], [...new Set(chains)])]
  }

  #planRemoval(state: StoreState, reference: string, force: boolean, platform: Platform | undefined): Removal {
    const catalog = this.#catalog
    const found = resolve(state, reference)
    if (!found) throw notFound(reference)
    const target = found.name === undefined ? catalog.shownAs(found.target) : found.target
    const one = platform && target in state.indexes ? catalog.imageFor(target, platform) : undefined
    return one ? planVariantRemoval(state, target, one.id) : planRemoval(state, { ...found, target }, force)
  }
}
