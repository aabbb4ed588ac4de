import type { Image } from '../../image/image.ts'
import type { ContainerInspect } from '../api.ts'
import type { ContainerRecord } from '../container/record.ts'
import type { Context } from '../context.ts'

/** An image that a container has. One of the form `rootfs:PATH` is in no store, so it is found by its name. */
export const imageKept = (
  { images }: Pick<Context, 'images'>,
  { name, id }: { readonly name: string; readonly id: string },
): Promise<Image | undefined> => images.find(nameKept({ name, id }))

/** By what such an image is found whatever becomes of its names. */
export const nameKept = ({ name, id }: { readonly name: string; readonly id: string }): string =>
  name.startsWith('rootfs:') ? name : id

/** The image that a container was made of. */
export const imageOfContainer = (
  context: Pick<Context, 'images'>,
  { image, config }: ContainerRecord,
): Promise<Image | undefined> => imageKept(context, { name: config.Image, id: image })

/** The field of inspect and of a list that tells its manifest; none of an image that has been removed, or has none. */
export async function manifestField(
  context: Pick<Context, 'images'>,
  record: ContainerRecord,
): Promise<Pick<ContainerInspect, 'ImageManifestDescriptor'>> {
  const image = await imageOfContainer(context, record)
  const descriptor = image && (await context.images.descriptor(image).catch(() => undefined))
  return descriptor ? { ImageManifestDescriptor: descriptor } : {}
}
