import type { ImageSearchItem } from '../../../engine/api.ts'
import { loginFor } from '../../../engine/client/registries.ts'
import { collect, type Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { integer } from '../../numbers.ts'
import { renderTable } from '../../output/table.ts'

interface SearchFlags {
  readonly filter?: readonly string[]
  readonly format: string
  readonly limit?: number
  /** False with `--no-trunc`. */
  readonly trunc: boolean
}

/** How much of a description a table shows. */
const DESCRIPTION = 45

export const define: Define = (command, cli) =>
  command
    .argument('<TERM>', 'with the registry in front, unless it is Docker Hub')
    .option('-f, --filter <name=value>', 'Only images by is-official, is-automated or stars', collect)
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('--limit <number>', 'So many at most', integer('--limit'))
    .option('--no-trunc', 'Whole descriptions')
    .action(async (term: string, { filter, format, limit, trunc }: SearchFlags) => {
      const options = {
        filters: filtersOf(filter),
        ...(limit !== undefined && { limit }),
        ...(await loginFor(`${term.slice(0, term.indexOf('/') + 1)}x`, cli.signal)),
      }
      const rows = (await (await connect()).imageSearch(term, options, cli.signal)).map(item => fields(item, trunc))
      if (format === 'table')
        cli.stdout.write(
          renderTable([
            ['NAME', 'DESCRIPTION', 'STARS', 'OFFICIAL'],
            ...rows.map(({ Name, Description, StarCount, IsOfficial }) => [Name, Description, StarCount, IsOfficial]),
          ]),
        )
      else if (format === 'json') cli.stdout.write(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
      else {
        const { renderFormat } = await import('../../output/format.ts')
        cli.stdout.write(renderFormat(format, rows, { StarCount: 'STARS', IsOfficial: 'OFFICIAL' }))
      }
    })

/** The names by which templates know what was found. */
function fields({ name, description, star_count, is_official, is_automated }: ImageSearchItem, trunc: boolean) {
  const line = description.replace(/[\r\n]/g, ' ')
  return {
    Description: trunc && line.length > DESCRIPTION ? `${line.slice(0, DESCRIPTION - 1)}…` : line,
    IsAutomated: is_automated ? '[OK]' : '',
    IsOfficial: is_official ? '[OK]' : '',
    Name: name,
    StarCount: String(star_count),
  }
}
