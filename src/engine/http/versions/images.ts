import type { ImageInspect, ImageSummary } from '../../api.ts'

/** Images as clients know them that speak an older version of the API. @param minor of the version */

export function imageSummaryFor(minor: number, image: ImageSummary): object {
  const { Descriptor, Containers, ...summary } = image
  const isNameless = image.RepoTags.length === 0 && image.RepoDigests.length === 0
  return {
    ...withVirtualSize(minor, summary),
    ...(minor < 43 && isNameless && { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'] }),
    ...(minor >= 48 && Descriptor && { Descriptor }),
    // Until then it was told by `system df` only.
    Containers: minor < 51 ? -1 : Containers,
  }
}

/** Before 1.44 the size had a second name, which clients of then show. */
export const withVirtualSize = <Sized extends { readonly Size: number }>(minor: number, image: Sized): Sized =>
  minor < 44 ? { ...image, VirtualSize: image.Size } : image

export function imageInspectFor(minor: number, image: ImageInspect): object {
  const { Descriptor, ...inspected } = image
  return {
    ...withVirtualSize(minor, inspected),
    // Of the container that the image was committed from; docker-compose 1 reads it rather than Config.
    ...(minor < 45 && { Container: '', ContainerConfig: image.Config }),
    ...(minor >= 48 && Descriptor && { Descriptor }),
    ...(minor >= 50 && { Config: withoutContainerFields(image.Config) }),
  }
}

/** Settings of a container that an image cannot have: until 1.50 they were there and empty. */
function withoutContainerFields(config: ImageInspect['Config']): object {
  const { Hostname, Domainname, AttachStdin, AttachStdout, AttachStderr, ...rest } = config
  const { Tty, OpenStdin, StdinOnce, Image, ...ofImage } = rest as typeof rest & { readonly Image?: string }
  return ofImage
}
