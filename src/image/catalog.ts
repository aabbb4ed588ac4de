import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { restricted, setContentAside } from './catalog-open.ts'
import { type ImageConfiguration, parseConfiguration } from './config.ts'
import { ContentStore } from './content.ts'
import { Durability, withoutMark } from './durability.ts'
import type { Digest, Image, ListedImage, Platform, RetainedLayers } from './image.ts'
import { LayerDirectories } from './layers.ts'
import { Mutex } from './mutex.ts'
import { namesOf, namesOfTargets } from './names.ts'
import { PassingImages } from './passing.ts'
import { hostPlatform, isPlatform, suitability } from './platform.ts'
import { restoredLayers } from './restore.ts'
import { emptyState, type Layer, readState, type StoreState, writeState } from './state.ts'
import { syncFileSystem } from './sync.ts'
import { imagesOf, indexesWith, settled, targetsOf, withoutTarget } from './targets.ts'

/**
 * What is in the store: images, their names, their layers. The file images.json is its only truth; content and layer
 * directories that it does not name belong to nobody, unless somebody who is about to use them holds a lease.
 */
export class Catalog {
  readonly content: ContentStore
  readonly directories: LayerDirectories
  readonly #file: string
  readonly #changes = new Mutex()
  #state: StoreState
  readonly #configurations: Map<Digest, ImageConfiguration>
  /** Unpacked, but no image names them yet, or no longer. */
  readonly #unnamed = new Map<Digest, Layer>()
  readonly #leases = new Set<Set<Digest>>()
  readonly #passing = new PassingImages()
  readonly #durability: Durability
  /** On what somebody else was said to have a use for; disposed of by him when he holds it himself. */
  readonly retained: Lease = this.lease()

  private constructor(parts: {
    readonly file: string
    readonly state: StoreState
    readonly content: ContentStore
    readonly directories: LayerDirectories
    readonly configurations: Map<Digest, ImageConfiguration>
    readonly durability: Durability
  }) {
    this.#file = parts.file
    this.#state = parts.state
    this.content = parts.content
    this.directories = parts.directories
    this.#configurations = parts.configurations
    this.#durability = parts.durability
  }

  /** An image of which something is missing on disk counts as not there: the next pull makes it whole. */
  static async open(
    directory: string,
    retained: RetainedLayers = nothing,
    report: (message: string) => void = () => {},
  ): Promise<Catalog> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const file = join(directory, 'images.json')
    const read = await readState(file, report)
    // Nobody knows whose the content is, so nobody may remove it.
    if (read === 'damaged') await setContentAside(directory, report)
    const recorded = read === 'damaged' ? emptyState : read
    const durability = await Durability.read()
    // What the build cache has written down it has synced before.
    const isTrusted = (diffId: Digest, layer: Layer) =>
      !durability.isDoubtful(layer) || retained.layers.get(diffId)?.directory === layer.directory
    const [trusted, doubtful] = parted(recorded.layers, isTrusted)
    const content = await ContentStore.open(join(directory, 'content'))
    const known = new Set([
      ...[...trusted.map(([, layer]) => layer), ...retained.layers.values()].map(layer => layer.directory),
      ...retained.directories,
    ])
    const directories = await LayerDirectories.open(join(directory, 'layers'), known)
    const restored = await restoredLayers(doubtful, content, directories, known)
    const marked = restored.map(([diffId, layer]) => [diffId, durability.mark(layer)] as const)
    if (doubtful.length > 0)
      report(`the machine went down before ${doubtful.length} layers were on the disk; unpacked them again`)
    const layersFound: StoreState['layers'] = Object.fromEntries([...trusted, ...marked])
    const found = { ...recorded, layers: layersFound }
    const present = await directories.list()
    const configurations = new Map<Digest, ImageConfiguration>()
    await Promise.all(
      (Object.keys(found.images) as Digest[]).map(async id => {
        const configuration = await content.read(id).then(parseConfiguration, () => undefined)
        const isPresent = (diffId: Digest) => present.has(found.layers[diffId]?.directory ?? '')
        if (configuration?.diffIds.every(isPresent)) configurations.set(id, configuration)
        else report(`image ${id} is not complete any more; pull or load it again`)
      }),
    )
    const indexes = new Set<Digest>()
    for (const index of Object.keys(found.indexes) as Digest[]) if (await content.has(index)) indexes.add(index)
    const state = restricted(found, configurations, indexes)
    const catalog = new Catalog({ file, state, content, directories, configurations, durability })
    for (const [diffId, layer] of [...retained.layers, ...Object.entries<Layer>(found.layers)])
      if (present.has(layer.directory) && !(diffId in catalog.#state.layers)) catalog.addLayer(diffId as Digest, layer)
    await catalog.retained.hold([...retained.layers.keys()])
    if (doubtful.length > 0) await catalog.change(state => state)
    else await catalog.collectGarbage()
    catalog.#durability.schedule(catalog.#state.layers, () => catalog.sync())
    return catalog
  }

  get state(): StoreState {
    return this.#state
  }

  /** The image with this id, in the form that the layers above know. */
  image(id: Digest): Image | undefined {
    const configuration = this.#configurations.get(id)
    if (!configuration || !(id in this.#state.images)) return undefined
    const { config, platform, created, author, diffIds, history } = configuration
    const size = diffIds.reduce((sum, diffId) => sum + (this.layer(diffId)?.size ?? 0), 0)
    const tagged = this.#state.tagged[id]
    return {
      ...{ id, ...namesOf(this.#state, id), config, platform, created, size, layers: diffIds, history },
      ...(author && { author }),
      ...(tagged !== undefined && { tagged: new Date(tagged) }),
    }
  }

  /** The images that a name's target stands for, the best for this machine first. */
  imagesOf(target: Digest): readonly Image[] {
    const rank = suitability(hostPlatform)
    const rankOf = ({ platform }: Image) => rank(platform) ?? Number.POSITIVE_INFINITY
    const images = imagesOf(this.#state, target).flatMap(id => this.image(id) ?? [])
    return images.toSorted((a, b) => (rankOf(a) === rankOf(b) ? 0 : rankOf(a) - rankOf(b)))
  }

  /** That of them which is made for a platform; without one the best for this machine. */
  imageFor(target: Digest, platform: Platform | undefined): Image | undefined {
    const [best, ...others] = this.imagesOf(target)
    if (!platform || !best) return best
    const rank = suitability(platform)
    const fitting = [best, ...others].filter(image => isPlatform(platform, image.platform))
    return fitting.toSorted((a, b) => (rank(a.platform) ?? 0) - (rank(b.platform) ?? 0))[0]
  }

  /** What a list shows, a line for each index, and for each image that is in none or has a name of its own. */
  list(): readonly ListedImage[] {
    return targetsOf(this.#state).flatMap(target => this.listed(target) ?? [])
  }

  /** The line of a list for a name's target. */
  listed(target: Digest): ListedImage | undefined {
    const variants = this.imagesOf(target)
    const [shown] = variants
    if (!shown) return undefined
    const layers = new Set(variants.flatMap(({ layers }) => layers))
    const size = [...layers].reduce((sum, diffId) => sum + (this.layer(diffId)?.size ?? 0), 0)
    return { ...shown, ...namesOfTargets(this.#state, [target]), target, variants, size }
  }

  /**
   * What the id of an image stands for where a list shows it for an index: that index. One with a name of its own is
   * meant itself.
   */
  shownAs(id: Digest): Digest {
    if (!(id in this.#state.images) || Object.values(this.#state.names).includes(id)) return id
    return indexesWith(this.#state, id).find(index => this.imagesOf(index)[0]?.id === id) ?? id
  }

  layer(diffId: Digest): Layer | undefined {
    return this.#state.layers[diffId] ?? this.#unnamed.get(diffId)
  }

  layerDirectories(): ReadonlySet<string> {
    return new Set([...Object.values(this.#state.layers), ...this.#unnamed.values()].map(layer => layer.directory))
  }

  /** Announces a layer that has been unpacked. Whoever does holds a lease on it. */
  addLayer(diffId: Digest, layer: Layer): void {
    this.#unnamed.set(diffId, layer)
  }

  /** As {@link addLayer}, of one whose files have just been written. */
  addNewLayer(diffId: Digest, layer: Layer): void {
    this.addLayer(diffId, this.#durability.mark(layer))
  }

  /** Has everything on the disk that is written by now. */
  async sync(): Promise<void> {
    const isMarked = ({ boot }: Layer) => boot !== undefined
    const marked = [...Object.values(this.#state.layers), ...this.#unnamed.values()].filter(isMarked)
    if (!(await syncFileSystem(this.directories.path('.'))) || marked.length === 0) return
    const written = new Set(marked.map(({ directory }) => directory))
    const settle = (layer: Layer) => (written.has(layer.directory) ? withoutMark(layer) : layer)
    await this.change(state => {
      for (const [diffId, layer] of this.#unnamed) this.#unnamed.set(diffId, settle(layer))
      const layers = Object.entries(state.layers).map(([diffId, layer]) => [diffId, settle(layer)] as const)
      return { ...state, layers: Object.fromEntries(layers) }
    })
  }

  /** Keeps what it is told to hold until it is disposed of; then what nobody needs is removed. */
  lease(): Lease {
    const held = new Set<Digest>()
    this.#leases.add(held)
    return {
      // In turn with the changes: what a removal under way has found unused is gone when this returns.
      hold: digests => this.#changes.run(async () => digests.forEach(digest => void held.add(digest))),
      [Symbol.asyncDispose]: async () => {
        this.#leases.delete(held)
        await this.collectGarbage()
      },
    }
  }

  /** Adds a configuration that stands in the content store, for an image that the next change adds. */
  addConfiguration(id: Digest, configuration: ImageConfiguration): void {
    this.#configurations.set(id, configuration)
  }

  /**
   * Changes images and names, on disk before it is seen by anybody. Layers follow from them.
   * @returns the diff ids that no image has any more
   */
  async change(next: (state: StoreState) => StoreState): Promise<readonly Digest[]> {
    return await this.#changes.run(async () => {
      const before = this.#state
      const images = settled(next(before))
      const layers: Record<Digest, Layer> = {}
      for (const id of Object.keys(images.images) as Digest[]) {
        for (const diffId of this.#configurations.get(id)?.diffIds ?? []) {
          const layer = images.layers[diffId] ?? this.layer(diffId)
          if (!layer) throw new TypeError(`image ${id} has no layer ${diffId}`)
          layers[diffId] = layer
        }
      }
      await writeState(
        this.#file,
        this.#passing.lasting({ ...images, layers }, id => this.#configurations.get(id)?.diffIds ?? []),
      )
      this.#state = { ...images, layers }
      this.#durability.schedule(layers, () => this.sync())
      for (const diffId of Object.keys(layers) as Digest[]) this.#unnamed.delete(diffId)
      const dropped = (Object.keys(before.layers) as Digest[]).filter(diffId => !(diffId in layers))
      for (const diffId of dropped) {
        const layer = before.layers[diffId]
        if (layer) this.#unnamed.set(diffId, layer)
      }
      await this.#collect()
      return dropped
    })
  }

  /**
   * A change that adds images which are not written down: whatever happens, the next engine does not find them. Those that
   * were there before are as they were. Disposed of, the others are gone, unless they have become lasting ones meanwhile.
   */
  async addPassing(ids: readonly Digest[], next: (state: StoreState) => StoreState): Promise<AsyncDisposable> {
    let added: readonly Digest[] = []
    await this.change(state => {
      const after = next(state)
      added = [...new Set(ids)].filter(id => !(id in state.images) || this.#passing.has(id))
      for (const id of added) this.#passing.add(id)
      return after
    })
    const end = (state: StoreState) =>
      added.filter(id => this.#passing.drop(id)).reduce((rest, id) => withoutTarget(rest, id), state)
    return { [Symbol.asyncDispose]: async () => void (await this.change(end)) }
  }

  /** Says of images that they are to last. */
  keep(...ids: readonly Digest[]): void {
    for (const id of ids) this.#passing.keep(id)
  }

  /** Waits until the changes that have begun are made. */
  async settled(): Promise<void> {
    await this.#changes.run(async () => {})
  }

  /** Removes layers and content that no image has and nobody holds. */
  async collectGarbage(): Promise<void> {
    await this.#changes.run(() => this.#collect())
  }

  async #collect(): Promise<void> {
    const held = new Set([...this.#leases].flatMap(lease => [...lease]))
    for (const [diffId, layer] of this.#unnamed) {
      if (held.has(diffId)) continue
      this.#unnamed.delete(diffId)
      await this.directories.remove(layer.directory)
    }
    for (const id of this.#configurations.keys())
      if (!(id in this.#state.images) && !held.has(id)) this.#configurations.delete(id)
    const blobs = [...Object.values(this.#state.layers), ...this.#unnamed.values()].map(({ blob }) => blob.digest)
    const { images, indexes } = this.#state
    const manifests = Object.entries(indexes).flatMap(([index, children]) => [index, ...Object.keys(children)])
    const named = [...Object.entries(images).flat(), ...manifests] as Digest[]
    const kept = new Set([...held, ...blobs, ...named])
    for (const digest of await this.content.list()) if (!kept.has(digest)) await this.content.remove(digest)
  }
}

const nothing: RetainedLayers = { directories: new Set(), layers: new Map() }

export interface Lease extends AsyncDisposable {
  hold(digests: readonly Digest[]): Promise<void>
}

/** Layers for which something holds, and the others. */
function parted(layers: StoreState['layers'], holds: (diffId: Digest, layer: Layer) => boolean) {
  const all = Object.entries(layers) as [Digest, Layer][]
  return [all.filter(one => holds(...one)), all.filter(one => !holds(...one))] as const
}
