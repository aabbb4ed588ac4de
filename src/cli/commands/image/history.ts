import type { ImageHistoryItem } from '../../../engine/api.ts'
import { humanDuration } from '../../../engine/human-duration.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { humanSize } from '../../output/human-size.ts'
import { renderTable } from '../../output/table.ts'
import { forPlatform } from '../../platform.ts'

interface HistoryFlags {
  readonly format: string
  readonly human: boolean
  /** False with `--no-trunc`. */
  readonly trunc: boolean
  readonly platform?: string
  readonly quiet?: boolean
}

/** How much of a step a table shows. */
const STEP = 45

export const define: Define = (command, cli) =>
  command
    .argument('<IMAGE>')
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('-H, --human', 'Sizes and dates for people', true)
    .option('--no-trunc', 'Whole ids and steps')
    .option('--platform <platform>', 'Of an image for several platforms this one')
    .option('-q, --quiet', 'Only ids')
    .action(async (image: string, flags: HistoryFlags) => {
      const { format, quiet } = flags
      const rows = (await (await connect()).imageHistory(image, forPlatform(flags))).map(item => fields(item, flags))
      if (quiet) cli.stdout.write(rows.map(({ ID }) => `${ID}\n`).join(''))
      else if (format === 'table')
        cli.stdout.write(
          renderTable([
            ['IMAGE', flags.human ? 'CREATED' : 'CREATED AT', 'CREATED BY', 'SIZE', 'COMMENT'],
            ...rows.map(({ ID, CreatedSince, CreatedAt, CreatedBy, Size, Comment }) => [
              ...[ID, flags.human ? CreatedSince : CreatedAt, CreatedBy, Size, Comment],
            ]),
          ]),
        )
      else if (format === 'json') cli.stdout.write(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
      else {
        const { renderFormat } = await import('../../output/format.ts')
        cli.stdout.write(renderFormat(format, rows, { ID: 'IMAGE', CreatedSince: 'CREATED', CreatedBy: 'CREATED BY' }))
      }
    })

/** The names by which templates know a step. */
function fields({ Id, Created, CreatedBy, Size, Comment }: ImageHistoryItem, { human, trunc }: HistoryFlags) {
  const step = CreatedBy.replaceAll('\t', ' ')
  return {
    Comment,
    CreatedAt: new Date(Created * 1000).toISOString().replace('.000', ''),
    CreatedBy: trunc && step.length > STEP ? `${step.slice(0, STEP - 1)}…` : step,
    CreatedSince: `${humanDuration(Date.now() - Created * 1000)} ago`,
    ID: trunc ? Id.replace('sha256:', '').slice(0, Id.startsWith('<') ? undefined : 12) : Id,
    Size: human ? humanSize(Size, 3) : String(Size),
  }
}
