import { TscomposeError } from '../errors.ts'
import { offlineWish } from '../offline.ts'
import { type ArrivedIndex, nameless, withArrival } from './arrivals.ts'
import type { Catalog } from './catalog.ts'
import { parseConfiguration } from './config.ts'
import type { BlobWriter } from './content.ts'
import { shortId } from './digest.ts'
import type { Digest, Image, ImageStoreOptions, OnImageProgress, Platform, PullOptions } from './image.ts'
import type { Intake, LayerProgress } from './intake.ts'
import { choosePlatform, type Descriptor, type Manifest, parseManifest } from './manifest.ts'
import { Semaphore } from './mutex.ts'
import { fetched, named } from './names.ts'
import { hostPlatform, isPlatform, platformName } from './platform.ts'
import { throttled } from './progress-lines.ts'
import { canonicalName, familiarName, type Reference } from './reference.ts'
import { askEndpoints } from './registry/ask-endpoints.ts'
import { RegistryClient } from './registry/client.ts'
import { storedCredentials } from './registry/credentials.ts'
import { download } from './registry/download.ts'
import { type Endpoint, endpointsOf } from './registry/endpoints.ts'
import { fromAnywhere } from './registry/foreign.ts'
import { retrying } from './registry/retry.ts'
import { RegistrySession } from './registry/session.ts'
import { imagesOf } from './targets.ts'

/** As Docker's `max-concurrent-downloads`. */
const DOWNLOADS = 3
const RETRIES = 2

/** Pulls images from registries. */
export class Puller {
  readonly #catalog: Catalog
  readonly #intake: Intake
  readonly #options: ImageStoreOptions
  readonly #downloads = new Semaphore(DOWNLOADS)

  constructor(catalog: Catalog, intake: Intake, options: ImageStoreOptions) {
    this.#catalog = catalog
    this.#intake = intake
    this.#options = options
  }

  /** @throws TscomposeError REGISTRY_*, IMAGE_* */
  async pull(reference: Reference, options: PullOptions, signal: AbortSignal): Promise<Image> {
    const here = offlineWish() && this.#here(reference, options)
    if (here) return here
    return await this.#first(reference, options, client => this.#pullFrom(client, reference, options, signal), signal)
  }

  /** Pulls every tag of a repository, one after the other. */
  async pullAll(repository: Reference, options: PullOptions, signal: AbortSignal): Promise<readonly Image[]> {
    const list = (client: RegistryClient) => retrying(RETRIES, () => client.tags(signal), signal)
    const images: Image[] = []
    for (const tag of await this.#first(repository, options, list, signal))
      images.push(await this.pull({ ...repository, tag }, options, signal))
    return images
  }

  /** Asks the endpoints of a registry until one has an answer. */
  async #first<T>(
    reference: Reference,
    options: PullOptions,
    ask: (client: RegistryClient) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const { domain } = reference
    const ofEndpoint = async (endpoint: Endpoint): Promise<T> => {
      const own = domain === endpoint.domain ? options.auth : undefined
      const login = async () => own ?? (await storedCredentials(endpoint.domain, signal))
      return await ask(new RegistryClient(new RegistrySession(endpoint, reference, { login, doing: 'pull' })))
    }
    return await askEndpoints(endpointsOf(domain, this.#options), ofEndpoint, signal)
  }

  /** What does without a registry: the image that has the name already, if it is made for the platform. */
  #here(reference: Reference, { platform, onProgress = () => {} }: PullOptions): Image | undefined {
    const target = this.#catalog.state.names[canonicalName(reference)]
    const image = target && this.#catalog.imageFor(target, platform)
    if (!image) return undefined
    onProgress({ status: `Status: Image is here for ${familiarName(reference)}, and ${offlineWish()} is offline` })
    return image
  }

  async #pullFrom(
    client: RegistryClient,
    reference: Reference,
    options: PullOptions,
    signal: AbortSignal,
  ): Promise<Image> {
    const { platform = hostPlatform, onProgress = () => {} } = options
    const catalog = this.#catalog
    await using lease = catalog.lease()
    const wanted = reference.digest ?? reference.tag ?? 'latest'
    const same = await this.#unchanged(client, reference, options, signal)
    if (same) return same
    const top = await retrying(RETRIES, () => client.manifest(wanted, signal), signal)
    onProgress({ status: `Pulling from ${reference.path}`, id: wanted })
    const { manifest, bytes, digest, index } = await this.#forPlatform(client, top, platform, reference, signal)
    const id = manifest.config.digest
    await lease.hold([id, digest, top.digest])
    const text = await this.#configuration(client, id, signal)
    const configuration = parseConfiguration(text)
    const { diffIds } = configuration
    checkPlatform(configuration.platform, options.platform, familiarName(reference))
    if (diffIds.length !== manifest.layers.length)
      throw new TscomposeError(
        'IMAGE_MANIFEST_INVALID',
        `the configuration of ${familiarName(reference)} has ${diffIds.length} layers, its manifest ${manifest.layers.length}`,
      )
    if (!diffIds.every(diffId => this.#intake.has(diffId))) this.#intake.prepare()
    await lease.hold([...diffIds, ...manifest.layers.map(layer => layer.digest)])
    await this.#layers(client, manifest, diffIds, onProgress, signal)
    await catalog.content.put(text)
    await catalog.content.put(bytes)
    if (index) await catalog.content.put(top.bytes)
    catalog.addConfiguration(id, configuration)
    // Docker keeps the digest it was pulled by, that of the index where there is one.
    const byDigest: Reference = { domain: reference.domain, path: reference.path, digest: top.digest }
    const names = reference.digest ? [byDigest] : [reference, byDigest]
    const before = names.map(name => imagesOf(catalog.state, catalog.state.names[canonicalName(name)]))
    const arrival = { images: [{ id, manifest: digest }], names, ...(index && { index }) }
    const { until } = options
    if (until) until.use(await catalog.addPassing([id], state => withArrival(state, nameless(arrival))))
    else {
      catalog.keep(id)
      await catalog.change(state => withArrival(state, arrival))
    }
    const image = catalog.image(id)
    if (!image) throw new TypeError(`the image ${id} is not there after its pull`)
    onProgress({ status: `Digest: ${top.digest}` })
    const how = before.every(known => known.includes(id)) ? 'Image is up to date' : 'Downloaded newer image'
    onProgress({ status: `Status: ${how} for ${familiarName(reference)}` })
    return image
  }

  /**
   * The image of a tag that the registry has as it is here: to ask whether it is counts against no limit of pulls.
   * @returns undefined if it may be another one
   */
  async #unchanged(
    client: RegistryClient,
    reference: Reference,
    { platform = hostPlatform, onProgress = () => {} }: PullOptions,
    signal: AbortSignal,
  ): Promise<Image | undefined> {
    const { state } = this.#catalog
    const target = state.names[canonicalName(reference)]
    const image = target && this.#catalog.imageFor(target, platform)
    if (!image || reference.digest || !reference.tag) return undefined
    const { id } = image
    const { domain, path, tag } = reference
    const digest = await retrying(RETRIES, () => client.digestOf(tag, signal), signal)
    if (digest === undefined || state.names[`${domain}/${path}@${digest}`] !== target) return undefined
    await this.#catalog.change(state =>
      imagesOf(state, target).includes(id) ? fetched(named(state, target, reference), id) : state,
    )
    onProgress({ status: `Pulling from ${path}`, id: tag })
    onProgress({ status: `Digest: ${digest}` })
    onProgress({ status: `Status: Image is up to date for ${familiarName(reference)}` })
    return this.#catalog.image(id)
  }

  async #forPlatform(
    client: RegistryClient,
    top: { readonly bytes: Buffer; readonly digest: Digest },
    platform: Platform,
    reference: Reference,
    signal: AbortSignal,
  ): Promise<{ manifest: Manifest; bytes: Buffer; digest: Digest; index?: ArrivedIndex }> {
    const what = familiarName(reference)
    let { bytes, digest } = top
    let parsed = parseManifest(bytes, `the manifest of ${what}`)
    const manifests = parsed.kind === 'index' ? parsed.manifests.map(({ digest }) => digest) : []
    for (let depth = 0; parsed.kind === 'index'; depth++) {
      if (depth > 1) throw new TscomposeError('IMAGE_MANIFEST_INVALID', `the indexes of ${what} are nested too deep`)
      const { digest: chosen } = choosePlatform(parsed, platform, what)
      ;({ bytes, digest } = await retrying(RETRIES, () => client.manifest(chosen, signal), signal))
      parsed = parseManifest(bytes, `the manifest ${chosen} of ${what}`)
    }
    const index = manifests.includes(digest) ? { digest: top.digest, manifests } : undefined
    return { manifest: parsed, bytes, digest, ...(index && { index }) }
  }

  async #configuration(client: RegistryClient, id: Digest, signal: AbortSignal): Promise<Buffer> {
    const { content } = this.#catalog
    if (await content.has(id)) return await content.read(id)
    return await retrying(RETRIES, () => client.document(id, signal), signal)
  }

  /** All layers at the same time; the first that fails stops the others. */
  async #layers(
    client: RegistryClient,
    { layers }: Manifest,
    diffIds: readonly Digest[],
    onProgress: OnImageProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const failed = new AbortController()
    const until = AbortSignal.any([signal, failed.signal])
    const tell = throttled(onProgress)
    const one = async (layer: Descriptor, diffId: Digest) => {
      const say = (status: string, detail?: { current: number; total: number }) =>
        tell(shortId(layer.digest), status, detail)
      if (this.#intake.has(diffId)) return say('Already exists')
      say('Pulling fs layer')
      const get = async (writer: BlobWriter, onProgress: (current: number) => void, signal: AbortSignal) => {
        using _ = await this.#downloads.acquire(signal)
        await fromAnywhere(client, layer, source => download(source, layer, writer, onProgress, signal))
      }
      await this.#intake.fetched(diffId, layer, get, progress => tellProgress(say, progress), until)
      say('Pull complete')
    }
    const all = layers.map((layer, index) =>
      one(layer, diffIds[index] ?? layer.digest).catch(error => {
        failed.abort(error)
        throw error
      }),
    )
    await Promise.allSettled(all)
    until.throwIfAborted()
  }
}

/** An image that is not made for several platforms is taken as it is, unless it was asked for one by name. */
function checkPlatform(actual: Platform, asked: Platform | undefined, what: string): void {
  if (actual.os !== 'linux')
    throw new TscomposeError('IMAGE_PLATFORM_MISSING', `${what} is made for ${actual.os} and cannot be used on Linux`)
  if (asked && !isPlatform(asked, actual))
    throw new TscomposeError(
      'IMAGE_PLATFORM_MISSING',
      `image with reference ${what} was found but does not match the specified platform: wanted ${platformName(asked)}, actual: ${platformName(actual)}`,
    )
}

function tellProgress(
  say: (status: string, detail?: { current: number; total: number }) => void,
  { step, current, total }: LayerProgress,
): void {
  if (step === 'downloaded') say('Download complete')
  else say(step === 'downloading' ? 'Downloading' : 'Extracting', { current, total })
}
