import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import { settleAll } from '../../settle.ts'
import { type Arrival, nameless, withArrival } from '../arrivals.ts'
import type { Catalog, Lease } from '../catalog.ts'
import { parseConfiguration } from '../config.ts'
import { digestOf, shortId } from '../digest.ts'
import type { Digest, Image, LoadOptions, OnImageProgress, Platform } from '../image.ts'
import type { Intake } from '../intake.ts'
import { mediaTypes, ociManifest } from '../manifest.ts'
import { isPlatform, platformName } from '../platform.ts'
import type { Layer, StoreState } from '../state.ts'
import { compressionOf } from '../unpack/decompress.ts'
import { Ahead } from './ahead.ts'
import { ArchiveFiles } from './archive-files.ts'
import { type ArchivedImage, archivedImages } from './archive-images.ts'

/** Loads every image of an archive. The images appear in the store all at once, when the whole archive is good. */
export async function loadArchive(
  catalog: Catalog,
  intake: Intake,
  archive: Readable,
  { onProgress, platform, until }: LoadOptions & { readonly onProgress: OnImageProgress },
  signal: AbortSignal,
): Promise<readonly Image[]> {
  await using lease = catalog.lease()
  intake.prepare()
  await using ahead = new Ahead(intake)
  const files = await ArchiveFiles.read(catalog, ahead, lease, archive, signal)
  const targets = await archivedImages(files, platform)
  const taken = await settleAll(
    targets.map(async target => ({
      ...target,
      images: await settleAll(
        target.images.map(image =>
          takeIn(image, { catalog, intake, ahead, lease, files, platform, onProgress, signal }),
        ),
      ),
    })),
  )
  for (const { index } of taken) if (index) await catalog.content.sync(index.digest)
  const ids = taken.flatMap(({ images }) => images.map(({ id }) => id))
  const arrive = (state: StoreState) =>
    taken.reduce((state, target) => withArrival(state, until ? nameless(target) : target), state)
  if (until) until.use(await catalog.addPassing(ids, arrive))
  else {
    catalog.keep(...ids)
    await catalog.change(arrive)
  }
  const shown = taken.map(({ index, images: [first] }) => {
    const whole = platform ? undefined : index && catalog.imageFor(index.digest, undefined)
    return whole ?? (first && catalog.image(first.id))
  })
  return [...new Map(shown.flatMap(image => (image ? [[image.id, image]] : []))).values()]
}

interface Loading {
  readonly catalog: Catalog
  readonly intake: Intake
  readonly ahead: Ahead
  readonly lease: Lease
  readonly files: ArchiveFiles
  readonly platform: Platform | undefined
  readonly onProgress: OnImageProgress
  readonly signal: AbortSignal
}

async function takeIn(image: ArchivedImage, loading: Loading): Promise<Arrival['images'][number]> {
  const { catalog, intake, ahead, lease, files, platform, onProgress, signal } = loading
  const id = image.config.digest
  const configuration = parseConfiguration(await catalog.content.read(id))
  const { diffIds } = configuration
  if (platform && !isPlatform(platform, configuration.platform))
    throw new TscomposeError(
      'IMAGE_PLATFORM_MISSING',
      `the archive's image ${shortId(id)} is made for ${platformName(configuration.platform)}, not for ${platformName(platform)}`,
    )
  if (diffIds.length !== image.layers.length)
    throw new TscomposeError(
      'IMAGE_ARCHIVE_INVALID',
      `the configuration of ${shortId(id)} has ${diffIds.length} layers, the archive ${image.layers.length}`,
    )
  await lease.hold([id, ...diffIds])
  const blobs = await Promise.all(
    image.layers.map(async (file): Promise<Layer['blob']> => {
      const compression = compressionOf(await files.start(file, 4))
      return { ...file, mediaType: mediaTypes.ociLayer + (compression === 'none' ? '' : `+${compression}`) }
    }),
  )
  await settleAll(
    diffIds.map(async (diffId, index) => {
      const blob = blobs[index]
      if (!blob || intake.has(diffId)) return
      const line = { status: 'Loading layer', id: shortId(diffId) }
      const tell = (current: number) => onProgress({ ...line, progressDetail: { current, total: blob.size } })
      const unpacked = await ahead.layer(blob.digest)
      signal.throwIfAborted()
      await intake.stored(diffId, blob, ({ current }) => tell(current), signal, unpacked)
      tell(blob.size)
    }),
  )
  await catalog.content.sync(id)
  const manifest = await manifestOf(image, blobs, loading)
  catalog.addConfiguration(id, configuration)
  return { id, manifest }
}

/** An image that came without a manifest gets one: it will need it to be saved or pushed. */
async function manifestOf(
  image: ArchivedImage,
  layers: readonly Layer['blob'][],
  { catalog, lease }: Loading,
): Promise<Digest> {
  if (image.manifest) {
    const { digest } = image.manifest
    await catalog.content.sync(digest)
    return digest
  }
  const text = ociManifest(image.config, layers)
  await lease.hold([digestOf(text)])
  return await catalog.content.put(text)
}
