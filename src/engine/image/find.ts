import { TscomposeError } from '../../errors.ts'
import type { Image } from '../../image/image.ts'
import { isPlatform, platformName } from '../../image/manifest.ts'
import type { Context } from '../context.ts'
import { imageNotFound } from '../failures.ts'
import { parsePlatform } from './platform.ts'

/** @throws TscomposeError ENGINE_IMAGE_NOT_FOUND */
export async function findImage({ images }: Pick<Context, 'images'>, reference: string): Promise<Image> {
  const image = await images.find(reference)
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
  if (!wanted || isPlatform(wanted, image.platform)) return image
  throw new TscomposeError(
    'IMAGE_PLATFORM_MISSING',
    `image with reference ${reference} was found but does not provide the specified platform (${platformName(wanted)})`,
    { fix: `It is made for ${platformName(image.platform)}.` },
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
  claims: DisposableStack,
): Promise<Image> {
  const image = await findImage({ images }, reference)
  claims.use(imageClaims.claim(image.id))
  if (image.rootfs !== undefined) return image
  await images.settled()
  return await findImage({ images }, reference)
}
