import { TscomposeError } from '../../errors.ts'
import type { Image } from '../../image/image.ts'
import type { ImageDeleteItem } from '../api.ts'
import type { Container } from '../container/container.ts'
import { imagesOf } from '../container/record.ts'
import { isRunning } from '../container/state.ts'
import type { Context } from '../context.ts'
import { shortId } from '../ids.ts'
import { findImageFor } from './find.ts'
import { parsePlatform } from './platform.ts'

/**
 * Takes a name off an image, and with its last name the image itself. By force a name goes also of an image that a
 * container has; the image stays then, without a name.
 * @throws TscomposeError ENGINE_IMAGE_IN_USE if that is the image of a container: it could not start again without
 */
export async function deleteImage(
  context: Context,
  reference: string,
  force = false,
  platform?: string,
): Promise<ImageDeleteItem[]> {
  const image = await findImageFor(context, reference, platform)
  const byId = isId(image, reference)
  if (byId && image.repoTags.length > 1 && !force)
    throw inUse(reference, 'must be forced', 'image is referenced in multiple repositories')
  const judge = (going: Image) => {
    if (force && !byId) return isUsed(context, going) ? ('keep' as const) : ('delete' as const)
    assertUnused(context, going, reference, byId)
    return 'delete' as const
  }
  return await removeAndTell(context, image, reference, force, judge, platform)
}

/** Takes off a name, or with the id of the image all of them, and tells of it. */
export async function removeAndTell(
  { images, events }: Context,
  image: Image,
  reference: string,
  force: boolean,
  judge: (image: Image) => 'delete' | 'keep',
  platform?: string,
): Promise<ImageDeleteItem[]> {
  const going = new Set<string>()
  const removed = await images.remove(reference, {
    force,
    judge: image => {
      going.add(image.id)
      return judge(image)
    },
    ...(platform && { platform: parsePlatform(platform) }),
  })
  for (const item of removed) {
    if ('Untagged' in item) events.emit('image', 'untag', image.id, { name: item.Untagged })
    else if (going.has(item.Deleted)) events.emit('image', 'delete', item.Deleted, { name: item.Deleted })
  }
  return [...removed]
}

const usersOf = ({ containers }: Context, { id }: Image): readonly Container[] =>
  containers.all().filter(({ record }) => imagesOf(record).includes(id))

/** Whether a container has the image, or is about to. */
export const isUsed = (context: Context, image: Image): boolean =>
  context.imageClaims.has(image.id) || usersOf(context, image).length > 0

const isId = ({ id }: Image, reference: string): boolean =>
  id.startsWith(reference) || id.startsWith(`sha256:${reference}`)

export const inUse = (reference: string, how: string, why: string): TscomposeError =>
  new TscomposeError('ENGINE_IMAGE_IN_USE', `conflict: unable to delete ${reference} (${how}) - ${why}`)

function assertUnused(context: Context, image: Image, reference: string, byId: boolean): void {
  const users = usersOf(context, image)
  const running = users.find(({ state }) => isRunning(state))
  const [stopped] = users
  if (running && byId)
    throw inUse(reference, 'cannot be forced', `image is being used by running container ${shortId(running.id)}`)
  if (stopped && byId)
    throw inUse(reference, 'cannot be forced', `image is being used by stopped container ${shortId(stopped.id)}`)
  const using = running ?? stopped
  if (using)
    throw new TscomposeError(
      'ENGINE_IMAGE_IN_USE',
      `conflict: unable to remove repository reference "${reference}" (must force) - container ` +
        `${shortId(using.id)} is using its referenced image ${shortId(image.id.replace('sha256:', ''))}`,
    )
  if (context.imageClaims.has(image.id))
    throw inUse(reference, 'cannot be forced', 'image is being used by a container that is being created')
}
