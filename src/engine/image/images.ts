import type { Readable } from 'node:stream'
import type { Image, ImageProgress, ListedImage, RegistryAuth } from '../../image/image.ts'
import type {
  Filters,
  ImageInspect,
  ImageManifestSummary,
  ImageSummary,
  JSONMessage,
  RegistryAuthConfig,
} from '../api.ts'
import { imagesOf } from '../container/record.ts'
import type { Context } from '../context.ts'
import { findImage, findImageFor } from './find.ts'
import { parsePlatform } from './platform.ts'
import { progressStream } from './progress.ts'
import { imageFilter, inspectImage, nameFilter, summarizeImage, summarizeManifest, type Users } from './view.ts'

/** @param options.manifests with what each image has for which platform */
export async function listImages(
  context: Context,
  { filters = {}, manifests = false }: { readonly filters?: Filters; readonly manifests?: boolean } = {},
): Promise<ImageSummary[]> {
  const images = await context.images.list()
  const users = usersOfImages(context)
  const wanted = await imageFilter(filters, reference => context.images.find(reference))
  const named = nameFilter(filters)
  const shown = images.filter(wanted).sort((a, b) => b.created.getTime() - a.created.getTime())
  return await Promise.all(
    shown.map(async image => ({
      ...summarizeImage(image, users),
      RepoTags: image.repoTags.filter(named),
      RepoDigests: image.repoDigests.filter(named),
      ...(await descriptorOf(context, image)),
      ...(manifests && { Manifests: await manifestsOf(context, image, users) }),
    })),
  )
}

async function descriptorOf(
  { images }: Context,
  image: Image | ListedImage,
): Promise<Pick<ImageInspect, 'Descriptor'>> {
  const Descriptor = await images.descriptor(image)
  return Descriptor ? { Descriptor } : {}
}

const manifestsOf = async ({ images }: Context, image: ListedImage, users: Users): Promise<ImageManifestSummary[]> =>
  (await images.manifests(image)).map(manifest => summarizeManifest(manifest, users))

/** Ids of containers by the ids of their images. */
export function usersOfImages({ containers }: Pick<Context, 'containers'>): Users {
  const users = new Map<string, string[]>()
  for (const { id, record } of containers.all())
    for (const image of imagesOf(record)) users.set(image, [...(users.get(image) ?? []), id])
  return users
}

export async function inspect(
  context: Context,
  reference: string,
  { platform, manifests = false }: { readonly platform?: string; readonly manifests?: boolean },
): Promise<ImageInspect> {
  const image = await findImageFor(context, reference, platform)
  const listed = await context.images.findListed(reference)
  return {
    ...inspectImage(image, context.images.lowerdirs(image)),
    ...(await descriptorOf(context, platform === undefined && listed ? listed : image)),
    ...(manifests && listed && { Manifests: await manifestsOf(context, listed, usersOfImages(context)) }),
  }
}

/** Pulls an image, or every tag of a repository. The stream tells the progress, and throws what the pull throws. */
export function pullImage(
  { images, events }: Context,
  reference: string,
  {
    platform,
    auth,
    allTags = false,
  }: { readonly platform?: string; readonly auth?: RegistryAuthConfig; readonly allTags?: boolean },
  signal: AbortSignal,
): AsyncIterable<JSONMessage> {
  return progressStream(async (onProgress: (progress: ImageProgress) => void, abort: AbortSignal) => {
    const options = {
      ...(platform && { platform: parsePlatform(platform) }),
      ...(auth && { auth: auth as RegistryAuth }),
      onProgress,
    }
    const [image] = allTags
      ? await images.pullAll(reference, options, abort)
      : [await images.pull(reference, options, abort)]
    events.emit('image', 'pull', reference, { name: reference, ...image?.config.Labels })
  }, signal)
}

/** Loads the images of an archive, and says of each what `docker load` says. */
export function loadImages(
  { images, events }: Context,
  archive: Readable,
  platform: string | undefined,
  signal: AbortSignal,
): AsyncIterable<JSONMessage> {
  return progressStream(async (onProgress, abort, tell) => {
    const wanted = platform === undefined ? undefined : parsePlatform(platform)
    for (const image of await images.load(archive, onProgress, abort, wanted ? { platform: wanted } : {})) {
      events.emit('image', 'load', image.id, { name: image.id })
      const names = image.repoTags.map(tag => `Loaded image: ${tag}\n`)
      for (const stream of names.length > 0 ? names : [`Loaded image ID: ${image.id}\n`]) tell({ stream })
    }
  }, signal)
}

export async function tagImage(context: Context, name: string, repo: string, tag: string): Promise<void> {
  await findImage(context, name)
  const reference = tag ? `${repo}:${tag}` : repo
  const image = await context.images.tag(name, reference)
  context.events.emit('image', 'tag', image.id, { ...image.config.Labels, name: reference })
}

export async function tellSaved(context: Context, name: string): Promise<void> {
  const image = await context.images.find(name)
  if (image) context.events.emit('image', 'save', image.id, { ...image.config.Labels, name: image.id })
}
