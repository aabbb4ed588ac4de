import { TscomposeError } from '../../errors.ts'
import type { Catalog } from '../catalog.ts'
import { shortId } from '../digest.ts'
import type { Digest, ImageStoreOptions, PushedImage, PushOptions } from '../image.ts'
import { isForeign, isPlatform, platformName } from '../manifest.ts'
import { Semaphore } from '../mutex.ts'
import { named } from '../names.ts'
import { throttled } from '../progress-lines.ts'
import { canonicalName, familiarName, type Reference, repositoryOf } from '../reference.ts'
import { storedCredentials } from '../registry/credentials.ts'
import { endpointsOf } from '../registry/endpoints.ts'
import { openSession } from '../registry/open-session.ts'
import { putManifest } from '../registry/put-manifest.ts'
import type { RegistrySession } from '../registry/session.ts'
import { upload } from '../registry/upload.ts'
import { storedManifest } from '../stored-manifest.ts'
import { compressLayers } from './compress.ts'
import { mountSources, tagsOf } from './sources.ts'

/** As Docker's `max-concurrent-uploads`. */
const UPLOADS = 5

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
      const id = idOf(reference)
      const image = id && this.#catalog.image(id)
      if (!image) continue // removed meanwhile
      const { platform } = options
      if (platform && !isPlatform(platform, image.platform))
        throw new TscomposeError(
          'IMAGE_PLATFORM_MISSING',
          `image with reference ${familiarName(reference)} was found but does not match the specified platform: wanted ${platformName(platform)}, actual: ${platformName(image.platform)}`,
        )
      await lease.hold([image.id, ...image.layers])
      const compressing = throttled(onProgress)
      const tell = (diffId: Digest, current: number, total: number) =>
        compressing(shortId(diffId), 'Compressing', { current, total })
      await compressLayers(this.#catalog, lease, image.id, tell, signal)
      pushed.push(await this.#pushOne(reference, image.id, image.layers, options, signal))
    }
    return pushed
  }

  async #pushOne(
    reference: Reference,
    id: Digest,
    diffIds: readonly Digest[],
    options: PushOptions,
    signal: AbortSignal,
  ): Promise<PushedImage> {
    const { onProgress = () => {} } = options
    const { manifest, bytes, digest } = await storedManifest(this.#catalog, id)
    await using lease = this.#catalog.lease()
    await lease.hold([id, digest, ...manifest.layers.map(layer => layer.digest)])
    const sourcesOf = mountSources(this.#catalog, reference)
    const sources = [...new Set(manifest.layers.flatMap(layer => sourcesOf(layer.digest)))]
    const session = await this.#open(reference, sources, options, signal)
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
    await uploads.all([
      ...new Map(
        manifest.layers.map((layer, index) => {
          const name = diffIds[index]
          const skip = async () => say(shortId(name ?? layer.digest), 'Skipped foreign layer')
          return [layer.digest, isForeign(layer) ? skip : () => send(layer, name)]
        }),
      ).values(),
      () => send(manifest.config),
    ])
    const { tag = '' } = reference
    await putManifest(session, tag, { bytes, digest, mediaType: manifest.mediaType }, signal)
    const byDigest: Reference = { domain: reference.domain, path: reference.path, digest }
    await this.#catalog.content.put(bytes)
    await this.#catalog.change(state =>
      id in state.images ? named({ ...state, images: { ...state.images, [id]: digest } }, id, byDigest) : state,
    )
    const size = bytes.length
    onProgress({ status: `${tag}: digest: ${digest} size: ${size}` })
    return { tag, digest, size }
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

/** So many at a time; the first that fails stops the others. */
class Uploads implements Disposable {
  readonly signal: AbortSignal
  readonly #failed = new AbortController()
  readonly #turns = new Semaphore(UPLOADS)

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#failed.signal])
  }

  acquire(): Promise<Disposable> {
    return this.#turns.acquire(this.signal)
  }

  async all(works: readonly (() => Promise<void>)[]): Promise<void> {
    const running = works.map(async work => {
      try {
        await work()
      } catch (error) {
        this.#failed.abort(error)
      }
    })
    await Promise.all(running)
    this.signal.throwIfAborted()
  }

  [Symbol.dispose](): void {
    this.#failed.abort()
  }
}

const arrivalWords = (arrival: Awaited<ReturnType<typeof upload>>): string =>
  arrival.how === 'there'
    ? 'Layer already exists'
    : arrival.how === 'mounted'
      ? `Mounted from ${arrival.from}`
      : 'Pushed'
