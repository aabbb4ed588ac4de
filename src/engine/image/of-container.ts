import type { Image } from '../../image/image.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { Context } from '../context.ts'

/** The image that a container was made of. One of the form `rootfs:PATH` is in no store, so it is found by its name. */
export const imageOfContainer = (
  { images }: Pick<Context, 'images'>,
  { image, config }: ContainerRecord,
): Promise<Image | undefined> => images.find(config.Image.startsWith('rootfs:') ? config.Image : image)
