import { TscomposeError } from '../../errors.ts'
import type { Image, Platform } from '../../image/image.ts'
import { platformName } from '../../image/platform.ts'
import type { Context } from '../context.ts'
import { imageNotFound } from '../failures.ts'
import { parsePlatform } from './platform.ts'

/** @throws TscomposeError ENGINE_IMAGE_NOT_FOUND */
export async function findImage(
  { images }: Pick<Context, 'images'>,
  reference: string,
  platform?: Platform,
): Promise<Image> {
  const image = await images.find(reference, platform)
  if (!image) throw imageNotFound(reference)
  return image
}

/** The same, if it is made for a platform. @throws TscomposeError IMAGE_PLATFORM_MISSING, ENGINE_IMAGE_NOT_FOUND */
export async function findImageFor(
  context: Pick<Context, 'images'>,
  reference: string,
  platform: string | undefined,
): Promise<Image> {
  const image = await findImage(context, reference)
  const wanted = platform === undefined ? undefined : parsePlatform(platform)
  const found = wanted ? await context.images.find(reference, wanted) : image
  if (found) return found
  throw new TscomposeError(
    'IMAGE_PLATFORM_MISSING',
    `image with reference ${reference} was found but does not provide the specified platform (${platform})`,
    { fix: `It is made for ${platformName(image.platform)}.` },
  )
}

/** One that is here for another platform only is one that is not here: clients go to a registry for it then. */
async function forPlatform({ images }: Pick<Context, 'images'>, reference: string, platform: Platform): Promise<Image> {
  const image = await images.find(reference, platform)
  if (image) return image
  const other = await findImage({ images }, reference)
  throw new TscomposeError(
    'ENGINE_IMAGE_NOT_FOUND',
    `image with reference ${reference} was found but does not match the specified platform: ` +
      `wanted ${platformName(platform)}, actual: ${platformName(other.platform)}`,
  )
}

/**
 * An image that is not removed until what it is claimed by is over: a removal that has begun comes to its end, others see
 * the claim.
 * @throws TscomposeError ENGINE_IMAGE_NOT_FOUND
 */
export async function claimImage(
  { images, imageClaims }: Pick<Context, 'images' | 'imageClaims'>,
  reference: string,
  platform: Platform | undefined,
  claims: DisposableStack,
): Promise<Image> {
  const image = platform ? await forPlatform({ images }, reference, platform) : await findImage({ images }, reference)
  claims.use(imageClaims.claim(image.id))
  if (image.rootfs !== undefined) return image
  await images.settled()
  return await findImage({ images }, reference, platform)
}
