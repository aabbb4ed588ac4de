import type { Readable } from 'node:stream'
import { TscomposeError } from '../../errors.ts'
import type { Image, ImageProgress, RegistryAuth } from '../../image/image.ts'
import type { Filters, ImageDeleteItem, ImageInspect, ImageSummary, JSONMessage, RegistryAuthConfig } from '../api.ts'
import { isRunning } from '../container/state.ts'
import type { Context } from '../context.ts'
import { imageNotFound } from '../failures.ts'
import { shortId } from '../ids.ts'
import { parsePlatform } from './platform.ts'
import { progressStream } from './progress.ts'
import { imageFilter, inspectImage, summarizeImage } from './view.ts'

/** @throws TscomposeError ENGINE_IMAGE_NOT_FOUND */
export async function findImage({ images }: Context, reference: string): Promise<Image> {
  const image = await images.find(reference)
  if (!image) throw imageNotFound(reference)
  return image
}

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

export async function inspect(context: Context, reference: string): Promise<ImageInspect> {
  const image = await findImage(context, reference)
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
  signal: AbortSignal,
): AsyncIterable<JSONMessage> {
  return progressStream(async (onProgress, abort, tell) => {
    for (const image of await images.load(archive, onProgress, abort)) {
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

/**
 * Takes a name off an image, and with its last name the image itself.
 * @throws TscomposeError ENGINE_IMAGE_IN_USE if that is the image of a container: it could not start again without
 */
export async function deleteImage(context: Context, reference: string, force = false): Promise<ImageDeleteItem[]> {
  const image = await findImage(context, reference)
  const byId = isId(image, reference)
  if (byId && image.repoTags.length > 1 && !force) {
    throw inUse(reference, 'must be forced', 'image is referenced in multiple repositories')
  }
  // Another name of the image stays, and with it the image: nobody loses it.
  if (byId || image.repoTags.length <= 1) assertUnused(context, image, reference, force, byId)
  return await removeAndTell(context, image, reference, force)
}

/** Takes off a name, or with the id of the image all of them, and tells of it. */
export async function removeAndTell(
  { images, events }: Context,
  image: Image,
  reference: string,
  force: boolean,
): Promise<ImageDeleteItem[]> {
  const removed = await images.remove(reference, { force })
  for (const item of removed) {
    if ('Untagged' in item) events.emit('image', 'untag', image.id, { name: item.Untagged })
    else if (item.Deleted === image.id) events.emit('image', 'delete', image.id, { name: image.id })
  }
  return [...removed]
}

const isId = ({ id }: Image, reference: string): boolean =>
  id.startsWith(reference) || id.startsWith(`sha256:${reference}`)

const inUse = (reference: string, how: string, why: string) =>
  new TscomposeError('ENGINE_IMAGE_IN_USE', `conflict: unable to delete ${reference} (${how}) - ${why}`)

function assertUnused({ containers }: Context, image: Image, reference: string, force: boolean, byId: boolean): void {
  const users = containers.all().filter(({ record }) => record.image === image.id)
  const running = users.find(({ state }) => isRunning(state))
  if (running) {
    throw inUse(reference, 'cannot be forced', `image is being used by running container ${shortId(running.id)}`)
  }
  const [stopped] = users
  if (!stopped) return
  if (byId || force) {
    throw inUse(reference, 'cannot be forced', `image is being used by stopped container ${shortId(stopped.id)}`)
  }
  throw new TscomposeError(
    'ENGINE_IMAGE_IN_USE',
    `conflict: unable to remove repository reference "${reference}" (must force) - container ` +
      `${shortId(stopped.id)} is using its referenced image ${shortId(image.id.replace('sha256:', ''))}`,
  )
}
