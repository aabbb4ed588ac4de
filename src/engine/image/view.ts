import type { Image, ListedImage, ListedManifest } from '../../image/image.ts'
import type { ContainerConfig, Filters, ImageInspect, ImageManifestSummary, ImageSummary } from '../api.ts'
import { wholeConfig } from '../container/whole.ts'
import { imageNotFound } from '../failures.ts'
import { booleanFilter, matchesLabels, validateFilters } from '../filters.ts'
import { NEVER, parseMoment, unixSeconds } from '../time.ts'

/** Ids of containers by the ids of their images. */
export type Users = ReadonlyMap<string, readonly string[]>

/** An item of `GET /images/json`. */
export const summarizeImage = (image: ListedImage, users: Users): ImageSummary => ({
  Id: image.id,
  ParentId: '',
  RepoTags: [...image.repoTags],
  RepoDigests: [...image.repoDigests],
  Created: unixSeconds(image.created),
  Size: image.size,
  SharedSize: -1,
  Labels: image.config.Labels ? { ...image.config.Labels } : null,
  Containers: image.variants.reduce((sum, { id }) => sum + (users.get(id)?.length ?? 0), 0),
})

/** Of a manifest in `GET /images/json?manifests=true`. */
export const summarizeManifest = (
  { digest, mediaType, size, platform, image, content }: ListedManifest,
  users: Users,
): ImageManifestSummary => ({
  ID: digest,
  Descriptor: { mediaType, digest, size, ...(platform && { platform }) },
  Available: image !== undefined,
  Size: { Content: content, Total: content + (image?.size ?? 0) },
  Kind: 'image',
  ImageData: {
    Platform: platform ?? { os: '', architecture: '' },
    Containers: [...(users.get(image?.id ?? '') ?? [])],
    Size: { Unpacked: image?.size ?? 0 },
  },
})

/** `GET /images/{name}/json`. */
export function inspectImage(image: Image, lowerdirs: readonly string[]): ImageInspect {
  const { config, platform, history } = image
  const latest = history.at(-1)
  return {
    Id: image.id,
    RepoTags: [...image.repoTags],
    RepoDigests: [...image.repoDigests],
    Parent: '',
    Comment: latest?.comment ?? '',
    Created: image.created.toISOString(),
    DockerVersion: '',
    Author: image.author ?? '',
    Config: { ...wholeConfig(structuredClone(config) as Partial<ContainerConfig>), Labels: config.Labels ?? null },
    Architecture: platform.architecture,
    ...(platform.variant && { Variant: platform.variant }),
    Os: platform.os,
    Size: image.size,
    GraphDriver: { Name: 'overlay2', Data: { LowerDir: lowerdirs.join(':') } },
    RootFS: { Type: 'layers', Layers: [...image.layers] },
    Metadata: { LastTagTime: image.tagged?.toISOString() ?? NEVER },
  }
}

const accepted = ['before', 'dangling', 'label', 'reference', 'since', 'until']

/**
 * Whether an image is one of those that `filters` ask for.
 * @throws TscomposeError ENGINE_REQUEST_INVALID, ENGINE_IMAGE_NOT_FOUND
 */
export async function imageFilter(
  filters: Filters,
  find: (reference: string) => Promise<Image | undefined>,
): Promise<(image: Image) => boolean> {
  validateFilters(filters, accepted)
  const until = (filters.until ?? []).map(parseMoment)
  const dangling = booleanFilter(filters, 'dangling')
  const moments = async (name: string) =>
    await Promise.all(
      (filters[name] ?? []).map(async reference => {
        const image = await find(reference)
        if (!image) throw imageNotFound(reference)
        return image.created.getTime()
      }),
    )
  const [before, since] = await Promise.all([moments('before'), moments('since')])
  const named = nameFilter(filters)
  return image =>
    (dangling === undefined || dangling === (image.repoTags.length === 0)) &&
    matchesLabels(filters, { ...image.config.Labels }) &&
    before.every(moment => image.created.getTime() < moment) &&
    since.every(moment => image.created.getTime() > moment) &&
    until.every(moment => image.created.getTime() < moment) &&
    (filters.reference === undefined || [...image.repoTags, ...image.repoDigests].some(named))
}

/** Of the names of an image, those that the filter `reference` asks for. */
export function nameFilter({ reference = [] }: Filters): (name: string) => boolean {
  const patterns = reference.map(referencePattern)
  return name => patterns.length === 0 || patterns.some(matches => matches(name))
}

/** `name`, `name:tag`, with `*` and `?` for anything but a slash. */
function referencePattern(text: string): (name: string) => boolean {
  const escaped = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
  const pattern = new RegExp(`^${escaped}$`)
  return name => pattern.test(name) || pattern.test(name.replace(/@.*$|:[^:/]+$/, ''))
}
