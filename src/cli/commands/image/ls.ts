import type { ImageSummary } from '../../../engine/api.ts'
import { humanDuration } from '../../../engine/human-duration.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { humanSize } from '../../output/human-size.ts'
import { renderTable } from '../../output/table.ts'

interface LsFlags {
  readonly digests?: boolean
  readonly filter?: readonly string[]
  readonly format: string
  /** False with `--no-trunc`. */
  readonly trunc: boolean
  readonly quiet?: boolean
}

const headers = { ID: 'IMAGE ID', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' }

export const define: Define = (command, cli) =>
  command
    .argument('[REPOSITORY[:TAG]]')
    .option('-a, --all', 'Accepted for old scripts: there are no images in between')
    .option('--digests', 'Also the digests by which registries know them')
    .option('-f, --filter <name=value>', 'Only images by before, dangling, label, reference or since', collect)
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('--no-trunc', 'Whole ids')
    .option('-q, --quiet', 'Only ids')
    .action(async (name: string | undefined, { digests, filter, format, trunc, quiet }: LsFlags) => {
      const filters = filtersOf([...(filter ?? []), ...(name === undefined ? [] : [`reference=${name}`])])
      const images = await (await connect()).imageList({ filters })
      const rows = images.flatMap(image =>
        namesOf(image, digests || format.includes('.Digest')).map(names => fields(image, names, trunc)),
      )
      if (quiet && format === 'table') cli.stdout.write([...new Set(rows.map(({ ID }) => `${ID}\n`))].join(''))
      else if (format === 'table')
        cli.stdout.write(
          renderTable([
            ['REPOSITORY', 'TAG', ...(digests ? ['DIGEST'] : []), 'IMAGE ID', 'CREATED', 'SIZE'],
            ...rows.map(({ Repository, Tag, Digest, ID, CreatedSince, Size }) => [
              ...[Repository, Tag, ...(digests ? [Digest] : []), ID, CreatedSince, Size],
            ]),
          ]),
        )
      else if (format === 'json') cli.stdout.write(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
      else {
        const { renderFormat } = await import('../../output/format.ts')
        cli.stdout.write(renderFormat(format, rows, headers))
      }
    })

interface Names {
  readonly repository: string
  readonly tag: string
  readonly digest: string
}

/** A line for each tag; with digests one for each pair, and for digests without a tag. */
function namesOf({ RepoTags, RepoDigests }: ImageSummary, digests: boolean | undefined): readonly Names[] {
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
  Containers: String(image.Containers),
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
