import { rm } from 'node:fs/promises'
import type { Catalog, Lease } from './catalog.ts'
import { parseConfiguration } from './config.ts'
import type { BlobWriter } from './content.ts'
import { digestOf } from './digest.ts'
import type { Digest, Image, Platform } from './image.ts'
import type { Intake } from './intake.ts'
import { type Annotations, type Descriptor, mediaTypes, ociIndex, ociManifest } from './manifest.ts'
import { tagged, withImage } from './names.ts'
import type { LeaveOut } from './pack/leave-out.ts'
import { parseReference } from './reference.ts'
import type { Layer } from './state.ts'
import { withIndex } from './targets.ts'

export type { Lease }

/** An image as its maker describes it. Its layers are in the store, and he holds a lease on them. */
export interface NewImage {
  /** The text of its configuration (image-spec config.md); its digest is the image's id. */
  readonly configuration: string
  /** Of its manifest. */
  readonly annotations?: Annotations
}

export interface Named {
  /** Names it gets, in Docker's familiar or canonical form; they are taken away from the images that have them. */
  readonly names: readonly string[]
}

/** An index over images for several platforms. */
export interface NewIndex extends Named {
  readonly images: readonly (NewImage & {
    readonly platform: Platform
    /** Of what the index says about the image. */
    readonly descriptorAnnotations?: Annotations
  })[]
  readonly annotations?: Annotations
}

/**
 * Makes images of layers that are made here: by a build, by a commit. Whoever does holds a {@link Lease} on every layer
 * from before it is announced until an image has it.
 */
export class Workshop {
  readonly #catalog: Catalog
  readonly #intake: Intake

  constructor(catalog: Catalog, intake: Intake) {
    this.#catalog = catalog
    this.#intake = intake
  }

  lease(): Lease {
    return this.#catalog.lease()
  }

  /** Lets go of `retained` (ImageStoreOptions), which is held by its owner from now on. */
  async releaseRetained(): Promise<void> {
    await this.#catalog.retained[Symbol.asyncDispose]()
  }

  /** Says that there will be layers to unpack in a moment. */
  prepare(): void {
    this.#intake.prepare()
  }

  layer(diffId: Digest): Layer | undefined {
    return this.#catalog.layer(diffId)
  }

  /** The text of an image's configuration. */
  async configuration(id: Digest): Promise<string> {
    return (await this.#catalog.content.read(id)).toString()
  }

  /** Whether an image has the layer. */
  isOfImage(diffId: Digest): boolean {
    return diffId in this.#catalog.state.layers
  }

  /** Has everything on the disk that is written by now. */
  async sync(): Promise<void> {
    await this.#catalog.sync()
  }

  /** The path of a layer's directory. */
  path(directory: string): string {
    return this.#catalog.directories.path(directory)
  }

  /** @returns bytes of all files in a directory */
  measure(path: string): Promise<number> {
    return this.#catalog.directories.measure(path)
  }

  /** Takes over the upper directory of an overlay as a layer's directory, without a diff id yet. @returns its name */
  adopt(path: string): Promise<string> {
    return this.#catalog.directories.adopt(path)
  }

  /** Removes a layer's directory that was adopted and never announced with a diff id. */
  remove(directory: string): Promise<void> {
    return this.#catalog.directories.remove(directory)
  }

  /** The archive of a layer, on its way into the store; with {@link BlobWriter.commit} it is there. */
  createBlob(): Promise<BlobWriter> {
    return this.#catalog.content.create()
  }

  /**
   * Gives an adopted layer its archive, whose digest is its diff id. Of two directories with the same contents the first
   * one counts.
   * @param size bytes of its files
   * @param lease what shall keep the layer
   * @param latest seconds since the epoch; no file in the archive says that it is younger
   */
  async pack(directory: string, size: number, lease: Lease, latest?: number): Promise<Layer['blob']> {
    const { content, directories } = this.#catalog
    const archive = content.partialPath()
    try {
      const { digest, size: bytes } = await directories.pack(directory, archive, latest)
      const blob = { digest, size: bytes, mediaType: mediaTypes.ociLayer }
      await lease.hold([digest])
      await content.adopt(archive, digest)
      if (!this.#intake.has(digest)) this.#catalog.addNewLayer(digest, { directory, size, blob })
      return blob
    } finally {
      await rm(archive, { force: true })
    }
  }

  /**
   * The archive of what is in the upper directory of an overlay, whose owner keeps it; for {@link unpack}.
   * @param lease what shall keep the archive
   */
  async archive(upper: string, leaveOut: LeaveOut, lease: Lease): Promise<{ digest: Digest; size: number }> {
    const { content, directories } = this.#catalog
    const archive = content.partialPath()
    try {
      const packed = await directories.packUpper(upper, archive, leaveOut)
      await lease.hold([packed.digest])
      await content.adopt(archive, packed.digest)
      return packed
    } finally {
      await rm(archive, { force: true })
    }
  }

  /** Unpacks a layer whose uncompressed archive has been committed, unless it is there already. */
  async unpack(digest: Digest, size: number, signal: AbortSignal): Promise<Layer> {
    await this.#intake.stored(digest, { digest, size, mediaType: mediaTypes.ociLayer }, () => {}, signal)
    const layer = this.layer(digest)
    if (!layer) throw new TypeError(`the layer ${digest} is not there after it was unpacked`)
    return layer
  }

  /** @throws TscomposeError IMAGE_REFERENCE_INVALID for a name that cannot be one */
  async addImage(image: NewImage & Named): Promise<Image> {
    const references = image.names.map(parseReference)
    await using lease = this.lease()
    const { id, manifest } = await this.#write(image, lease)
    this.#catalog.keep(id)
    await this.#catalog.change(state => tagged(withImage(state, id, manifest.digest), id, ...references))
    return this.#added(id)
  }

  /**
   * Adds images and an index over them, all at once.
   * @returns the image that lists show for the index
   * @throws TscomposeError IMAGE_REFERENCE_INVALID for a name that cannot be one
   */
  async addIndex({ images, annotations, names }: NewIndex): Promise<Image> {
    const references = names.map(parseReference)
    const { content } = this.#catalog
    await using lease = this.lease()
    const added: { readonly id: Digest; readonly manifest: Descriptor }[] = []
    for (const image of images) {
      const { id, manifest } = await this.#write(image, lease)
      const { platform, descriptorAnnotations = {} } = image
      const hasMore = Object.keys(descriptorAnnotations).length > 0
      const more = hasMore && { annotations: descriptorAnnotations }
      added.push({ id, manifest: { ...manifest, platform, ...more } })
    }
    const text = ociIndex(
      added.map(({ manifest }) => manifest),
      annotations,
    )
    const index = digestOf(text)
    await lease.hold([index])
    await content.put(text)
    const children = Object.fromEntries(added.map(({ id, manifest }) => [manifest.digest, id] as const))
    await this.#catalog.change(before => {
      const state = added.reduce((state, { id, manifest }) => withImage(state, id, manifest.digest), before)
      return tagged(withIndex(state, index, children), index, ...references)
    })
    const [first] = added
    return this.#catalog.imageFor(index, undefined) ?? this.#added(first?.id ?? index)
  }

  /** An image that is in the store until it is disposed of, and that no engine after this one will find there. */
  async addPassingImage(image: NewImage): Promise<{ readonly image: Image } & AsyncDisposable> {
    await using held = new AsyncDisposableStack()
    const lease = held.use(this.lease())
    const { id, manifest } = await this.#write(image, lease)
    held.use(await this.#catalog.addPassing([id], state => withImage(state, id, manifest.digest)))
    const owned = held.move()
    return { image: this.#added(id), [Symbol.asyncDispose]: () => owned.disposeAsync() }
  }

  #added(id: Digest): Image {
    const image = this.#catalog.image(id)
    if (!image) throw new TypeError(`the image ${id} is not there after it was added`)
    return image
  }

  /** Writes the configuration and the manifest of an image, which is no image yet. */
  async #write(
    { configuration, annotations }: NewImage,
    lease: Lease,
  ): Promise<{ readonly id: Digest; readonly manifest: Descriptor }> {
    const parsed = parseConfiguration(configuration)
    const { content } = this.#catalog
    const id = digestOf(configuration)
    await lease.hold([id, ...parsed.diffIds])
    await content.put(configuration)
    const layers = parsed.diffIds.map(diffId => {
      const layer = this.layer(diffId)
      if (!layer) throw new TypeError(`there is no layer ${diffId} for the image ${id}`)
      return layer.blob
    })
    const manifest = ociManifest({ digest: id, size: Buffer.byteLength(configuration) }, layers, annotations)
    const digest = digestOf(manifest)
    await lease.hold([digest])
    await content.put(manifest)
    this.#catalog.addConfiguration(id, parsed)
    return { id, manifest: { mediaType: mediaTypes.ociManifest, digest, size: Buffer.byteLength(manifest) } }
  }
}
