import type { Image } from '../../image/image.ts'
import type { Context } from '../context.ts'
import { imageNotFound } from '../failures.ts'

/** @throws TscomposeError ENGINE_IMAGE_NOT_FOUND */
export async function findImage({ images }: Pick<Context, 'images'>, reference: string): Promise<Image> {
  const image = await images.find(reference)
  if (!image) throw imageNotFound(reference)
  return image
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
