import type { Readable } from 'node:stream'
import type { ImageProgress, RegistryAuth } from '../../image/image.ts'
import type { Filters, ImageInspect, ImageSummary, JSONMessage, RegistryAuthConfig } from '../api.ts'
import type { Context } from '../context.ts'
import { findImage, findImageFor } from './find.ts'
import { parsePlatform } from './platform.ts'
import { progressStream } from './progress.ts'
import { imageFilter, inspectImage, summarizeImage } from './view.ts'

export async function listImages(context: Context, filters: Filters = {}): Promise<ImageSummary[]> {
  const images = await context.images.list()
  const uses = new Map<string, number>()
  for (const { record } of context.containers.all()) uses.set(record.image, (uses.get(record.image) ?? 0) + 1)
  const wanted = await imageFilter(filters, reference => context.images.find(reference))
  return images
    .filter(wanted)
    .sort((a, b) => b.created.getTime() - a.created.getTime())
    .map(image => summarizeImage(image, uses.get(image.id) ?? 0))
}

export async function inspect(context: Context, reference: string, platform?: string): Promise<ImageInspect> {
  const image = await findImageFor(context, reference, platform)
  return inspectImage(image, context.images.lowerdirs(image))
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
    for (const image of await images.load(archive, onProgress, abort, wanted)) {
      events.emit('image', 'load', image.id, { name: image.id })
      const names = image.repoTags.map(tag => `Loaded image: ${tag}\n`)
      for (const stream of names.length > 0 ? names : [`Loaded image ID: ${image.id}\n`]) tell({ stream })
    }
  }, signal)
}

export async function tagImage(context: Context, name: string, repo: string, tag: string): Promise<void> {
  const image = await findImage(context, name)
  const reference = tag ? `${repo}:${tag}` : repo
  await context.images.tag(image, reference)
  context.events.emit('image', 'tag', image.id, { name: reference })
}
