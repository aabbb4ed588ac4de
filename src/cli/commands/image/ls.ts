import { collect, type Define, notSupportedYet } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { imageRows } from '../../output/image-rows.ts'
import { renderTable } from '../../output/table.ts'

interface LsFlags {
  readonly digests?: boolean
  readonly filter?: readonly string[]
  readonly format: string
  /** False with `--no-trunc`. */
  readonly trunc: boolean
  readonly quiet?: boolean
  readonly tree?: boolean
}

const headers = { ID: 'IMAGE ID', CreatedSince: 'CREATED', CreatedAt: 'CREATED AT' }

export const define: Define = (command, cli) =>
  command
    .argument('[REPOSITORY[:TAG]]')
    .option('-a, --all', 'Accepted for old scripts: there are no images in between')
    .option('--digests', 'Also the digests by which registries know them')
    .option('-f, --filter <name=value>', 'Only images by before, dangling, label, reference, since or until', collect)
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('--no-trunc', 'Whole ids')
    .option('-q, --quiet', 'Only ids')
    .option('--tree', 'Not supported: an image is here for one platform')
    .action(async (name: string | undefined, { digests, filter, format, trunc, quiet, tree }: LsFlags) => {
      if (tree) throw notSupportedYet('--tree')
      const filters = filtersOf([...(filter ?? []), ...(name === undefined ? [] : [`reference=${name}`])])
      const images = await (await connect()).imageList({ filters })
      const options = { digests: digests || format.includes('.Digest'), trunc }
      const rows = images.flatMap(image => imageRows(image, options))
      if (quiet && format === 'table') cli.stdout.write(rows.map(({ ID }) => `${ID}\n`).join(''))
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
