import { TscomposeError } from '../../errors.ts'
import type { Catalog, Lease } from '../catalog.ts'
import { shortId } from '../digest.ts'
import type { Digest, Image, ImageStoreOptions, Platform, PushedImage, PushOptions } from '../image.ts'
import { type Descriptor, isForeign } from '../manifest.ts'
import { named, withImage } from '../names.ts'
import { platformName } from '../platform.ts'
import { throttled } from '../progress-lines.ts'
import { canonicalName, familiarName, type Reference, repositoryOf } from '../reference.ts'
import { RegistryClient } from '../registry/client.ts'
import { storedCredentials } from '../registry/credentials.ts'
import { endpointsOf } from '../registry/endpoints.ts'
import { openSession } from '../registry/open-session.ts'
import { putManifest } from '../registry/put-manifest.ts'
import type { RegistrySession } from '../registry/session.ts'
import { upload } from '../registry/upload.ts'
import { type StoredIndex, storedIndex, storedManifest } from '../stored-manifest.ts'
import { withIndexReplaced } from '../targets.ts'
import { compressLayers } from './compress.ts'
import { mountSources, tagsOf } from './sources.ts'
import { Uploads } from './uploads.ts'

/** Pushes images to their registries. Mirrors are for pulling only. */
export class Pusher {
  readonly #catalog: Catalog
  readonly #options: ImageStoreOptions

  constructor(catalog: Catalog, options: ImageStoreOptions) {
    this.#catalog = catalog
    this.#options = options
  }

  /**
   * Pushes one tag, or all there are of a repository.
   * @throws TscomposeError REGISTRY_*, IMAGE_NOT_FOUND
   */
  async push(
    repository: Reference,
    all: boolean,
    options: PushOptions,
    signal: AbortSignal,
  ): Promise<readonly PushedImage[]> {
    const { onProgress = () => {} } = options
    const references = all ? tagsOf(this.#catalog, repository) : [repository]
    const idOf = (reference: Reference) => options.image ?? this.#catalog.state.names[canonicalName(reference)]
    const known = references.filter(reference => idOf(reference) !== undefined)
    if (known.length === 0)
      throw new TscomposeError(
        'IMAGE_NOT_FOUND',
        `An image does not exist locally with the tag: ${familiarName(repository).replace(/:[^:/]*$/, '')}`,
      )
    onProgress({ status: `The push refers to repository [${repositoryOf(repository)}]` })
    const pushed: PushedImage[] = []
    await using lease = this.#catalog.lease()
    for (const reference of known) {
      const target = idOf(reference)
      const images = target ? this.#chosen(reference, target, options.platform) : []
      if (!target || images.length === 0) continue // removed meanwhile
      await lease.hold([target, ...images.flatMap(({ id, layers }) => [id, ...layers])])
      const compressing = throttled(onProgress)
      const tell = (diffId: Digest, current: number, total: number) =>
        compressing(shortId(diffId), 'Compressing', { current, total })
      for (const { id } of images) await compressLayers(this.#catalog, lease, id, tell, signal)
      const what =
        target in this.#catalog.state.indexes && !options.platform
          ? await this.#index(lease, target)
          : await this.#image(images[0]?.id ?? target, target)
      pushed.push(await this.#pushOne(reference, what, options, signal))
    }
    return pushed
  }

  /** The images of a target, or the one for a platform. @throws TscomposeError IMAGE_PLATFORM_MISSING */
  #chosen(reference: Reference, target: Digest, platform: Platform | undefined): readonly Image[] {
    const images = this.#catalog.imagesOf(target)
    const [first] = images
    if (!platform || !first) return images
    const image = this.#catalog.imageFor(target, platform)
    if (image) return [image]
    throw new TscomposeError(
      'IMAGE_PLATFORM_MISSING',
      `image with reference ${familiarName(reference)} was found but does not match the specified platform: ` +
        `wanted ${platformName(platform)}, actual: ${images.map(({ platform }) => platformName(platform)).join(', ')}`,
    )
  }

  async #image(id: Digest, target: Digest): Promise<Pushable> {
    const stored = await storedManifest(this.#catalog, id)
    const { bytes, digest, manifest } = stored
    const own = target === id && { target }
    return { bytes, digest, mediaType: manifest.mediaType, images: [stored], missing: [], ...own }
  }

  /** An index; in the form it has from now on, if layers of its images have just been compressed. */
  async #index(lease: Lease, target: Digest): Promise<Pushable> {
    const index = await storedIndex(this.#catalog, target)
    if (index.digest !== target) {
      const children = Object.fromEntries(index.images.map(({ digest, id }) => [digest, id] as const))
      await lease.hold([index.digest, ...index.images.map(({ digest }) => digest)])
      for (const { bytes } of [index, ...index.images]) await this.#catalog.content.put(bytes)
      await this.#catalog.change(state =>
        target in state.indexes ? withIndexReplaced(state, target, index.digest, children) : state,
      )
    }
    return { ...index, target: index.digest }
  }

  /** Blobs first, then manifests, then what names them: whoever finds the tag finds all of it. */
  async #pushOne(
    reference: Reference,
    { bytes, digest, mediaType, images, missing, target }: Pushable,
    options: PushOptions,
    signal: AbortSignal,
  ): Promise<PushedImage> {
    const { onProgress = () => {} } = options
    await using lease = this.#catalog.lease()
    await lease.hold(
      images.flatMap(({ id, digest, manifest }) => [id, digest, ...manifest.layers.map(one => one.digest)]),
    )
    const sourcesOf = mountSources(this.#catalog, reference)
    const layers = images.flatMap(({ manifest }) => manifest.layers)
    const sources = [...new Set(layers.flatMap(layer => sourcesOf(layer.digest)))]
    const session = await this.#open(reference, sources, options, signal)
    await assertThere(new RegistryClient(session), missing, signal)
    const say = throttled(onProgress)
    using uploads = new Uploads(signal)
    const send = async (blob: { readonly digest: Digest; readonly size: number }, name?: Digest): Promise<void> => {
      const line = name && shortId(name)
      if (line) say(line, 'Preparing')
      using _ = await uploads.acquire()
      await this.#catalog.content.check(blob)
      const content = this.#catalog.content.path(blob.digest)
      const tell = (current: number) => line && say(line, 'Pushing', { current, total: blob.size })
      const arrival = await upload(session, { ...blob, content }, sourcesOf(blob.digest), tell, uploads.signal)
      if (line) say(line, arrivalWords(arrival))
    }
    const works = images.flatMap(({ id, manifest }) => [
      ...manifest.layers.map((layer, index) => {
        const name = this.#catalog.image(id)?.layers[index]
        const skip = async () => say(shortId(name ?? layer.digest), 'Skipped foreign layer')
        return [layer.digest, isForeign(layer) ? skip : () => send(layer, name)] as const
      }),
      [manifest.config.digest, () => send(manifest.config)] as const,
    ])
    await uploads.all([...new Map(works).values()])
    for (const { bytes, digest: one, manifest } of images)
      if (one !== digest) await putManifest(session, one, { bytes, digest: one, mediaType: manifest.mediaType }, signal)
    const { tag = '' } = reference
    await putManifest(session, tag, { bytes, digest, mediaType }, signal)
    if (target && !options.image)
      await this.#remember(target, { domain: reference.domain, path: reference.path, digest }, bytes)
    const size = bytes.length
    onProgress({ status: `${tag}: digest: ${digest} size: ${size}` })
    return { tag, digest, size }
  }

  /** What has been pushed is known by its digest there from now on. */
  async #remember(target: Digest, byDigest: Reference & { readonly digest: Digest }, bytes: Buffer): Promise<void> {
    await this.#catalog.content.put(bytes)
    await this.#catalog.change(state => {
      if (target in state.indexes) return named(state, target, byDigest)
      if (!(target in state.images)) return state
      return named(withImage(state, target, byDigest.digest), target, byDigest)
    })
  }

  async #open(
    reference: Reference,
    sources: readonly string[],
    { auth }: PushOptions,
    signal: AbortSignal,
  ): Promise<RegistrySession> {
    const endpoints = endpointsOf(reference.domain, { ...this.#options, registryMirrors: [] })
    const login = async () => auth ?? (await storedCredentials(reference.domain, signal))
    return await openSession(reference, endpoints, { login, doing: 'push', sources }, signal)
  }
}

/** What a registry gets: an image, or an index with those of its images that are here. */
interface Pushable extends StoredIndex {
  /** What it is here; absent for one image of an index, which has no name of its own. */
  readonly target?: Digest
}

/**
 * Sees to it that a repository has manifests that are not here.
 * @throws TscomposeError IMAGE_PLATFORM_MISSING
 */
async function assertThere(client: RegistryClient, missing: readonly Descriptor[], signal: AbortSignal): Promise<void> {
  for (const { digest, platform } of missing) {
    if ((await client.digestOf(digest, signal)) !== undefined) continue
    const which = platform ? platformName(platform) : digest
    throw new TscomposeError('IMAGE_PLATFORM_MISSING', `missing content: the image for ${which} is not here`, {
      fix:
        `You're trying to push a manifest list/index which references multiple platform specific manifests, but not ` +
        `all of them are available locally or available to the remote repository. Pull them with --platform, or push ` +
        `a single one with --platform.`,
    })
  }
}

const arrivalWords = (arrival: Awaited<ReturnType<typeof upload>>): string =>
  arrival.how === 'there'
    ? 'Layer already exists'
    : arrival.how === 'mounted'
      ? `Mounted from ${arrival.from}`
      : 'Pushed'
