import type { ImageManifestSummary, ImageSummary } from '../../engine/api.ts'
import { humanSize } from './human-size.ts'
import { renderTable } from './table.ts'

/** `image ls --tree`: a line for each image, and below it one for each platform that it is made for. */
export const imageTree = (images: readonly ImageSummary[]): string =>
  renderTable([
    ['IMAGE', 'ID', 'DISK USAGE', 'CONTENT SIZE', 'IN USE'],
    ...images.flatMap(image => [
      ...image.RepoTags.slice(0, -1).map(name => [name, '', '', '', '']),
      line(image.RepoTags.at(-1) ?? '<untagged>', image.Id, totalOf(image), image.Containers > 0),
      ...(image.Manifests ?? []).map((manifest, index, all) => {
        const branch = index < all.length - 1 ? '├─' : '└─'
        const used = manifest.ImageData.Containers.length > 0
        return line(`${branch} ${platformOf(manifest)}`, manifest.ID, manifest.Size, used)
      }),
    ]),
  ])

const line = (name: string, id: string, { Total, Content }: ImageManifestSummary['Size'], used: boolean): string[] => [
  ...[name, id.replace('sha256:', '').slice(0, 12), humanSize(Total, 3), humanSize(Content, 3), used ? 'yes' : ''],
]

/** Files of layers that platforms have in common are on the disk once; archives are told apart. */
function totalOf({ Size, Manifests = [] }: ImageSummary): ImageManifestSummary['Size'] {
  const content = Manifests.reduce((sum, manifest) => sum + manifest.Size.Content, 0)
  return { Content: content, Total: Size + content }
}

function platformOf({ Available, ImageData: { Platform } }: ImageManifestSummary): string {
  const { os, architecture, variant } = Platform
  return [os, architecture, variant].filter(Boolean).join('/') + (Available ? '' : ' (not here)')
}
