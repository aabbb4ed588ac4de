import type { ImageSummary } from '../../engine/api.ts'
import { humanDuration } from '../../engine/human-duration.ts'
import { humanSize } from './human-size.ts'

export interface ImageRowsOptions {
  /** A line for each digest, too. */
  readonly digests: boolean
  readonly trunc: boolean
}

/** The lines of an image in a list, under the names by which templates know them. */
export const imageRows = (image: ImageSummary, { digests, trunc }: ImageRowsOptions) =>
  namesOf(image, digests).map(names => fields(image, names, trunc))

interface Names {
  readonly repository: string
  readonly tag: string
  readonly digest: string
}

/** A line for each tag; with digests one for each pair, and for digests without a tag. */
function namesOf({ RepoTags, RepoDigests }: ImageSummary, digests: boolean): readonly Names[] {
  const none = '<none>'
  const tags = RepoTags.map(name => ({
    repository: name.slice(0, name.lastIndexOf(':')),
    tag: name.slice(name.lastIndexOf(':') + 1),
  }))
  const known = RepoDigests.map(name => {
    const [repository = '', digest = ''] = name.split('@')
    return { repository, digest }
  })
  const untagged = known.filter(({ repository }) => !tags.some(tag => tag.repository === repository))
  const rows = tags.flatMap(({ repository, tag }) => {
    const own = digests ? known.filter(({ repository: of }) => of === repository) : []
    return own.length > 0 ? own.map(({ digest }) => ({ repository, tag, digest })) : [{ repository, tag, digest: none }]
  })
  const others = (digests || tags.length === 0 ? untagged : []).map(({ repository, digest }) => ({
    repository,
    tag: none,
    digest,
  }))
  return rows.length + others.length > 0 ? [...rows, ...others] : [{ repository: none, tag: none, digest: none }]
}

/** The names by which templates know an image. */
const fields = (image: ImageSummary, { repository, tag, digest }: Names, trunc: boolean) => ({
  Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
  CreatedAt: `${new Date(image.Created * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`,
  CreatedSince: `${humanDuration(Date.now() - image.Created * 1000)} ago`,
  Digest: digest,
  ID: trunc ? image.Id.replace('sha256:', '').slice(0, 12) : image.Id,
  Repository: repository,
  SharedSize: image.SharedSize < 0 ? 'N/A' : humanSize(image.SharedSize, 3),
  Size: humanSize(image.Size, 3),
  Tag: tag,
  UniqueSize: image.SharedSize < 0 ? 'N/A' : humanSize(image.Size - image.SharedSize, 3),
  VirtualSize: humanSize(image.Size, 3),
})
