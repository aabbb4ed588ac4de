import { TscomposeError } from '../../../errors.ts'
import { collect, type Define } from '../../command.ts'
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
    .option('--tree', 'What each image has for which platform')
    .action(async (name: string | undefined, { digests, filter, format, trunc, quiet, tree }: LsFlags) => {
      const filters = filtersOf([...(filter ?? []), ...(name === undefined ? [] : [`reference=${name}`])])
      const images = await (await connect()).imageList({ filters, ...(tree && { manifests: true }) })
      if (tree) {
        if (quiet || digests || format !== 'table' || !trunc)
          throw new TscomposeError('CLI_FLAG', '--tree goes with no other flag but --all and --filter')
        const { imageTree } = await import('../../output/image-tree.ts')
        return void cli.stdout.write(imageTree(images))
      }
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
