import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { usageRows } from '../../output/disk-usage.ts'
import { renderTable } from '../../output/table.ts'

export const define: Define = (command, cli) =>
  command
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('-v, --verbose', 'Each image, container, volume and build step, and what else is in the data root')
    .action(async ({ format, verbose }: { format: string; verbose?: boolean }) => {
      const engine = await connect()
      if (verbose) {
        const types = ['image', 'container', 'volume', 'build-cache', 'data-root'] as const
        if (format !== 'table' && format !== 'json')
          throw new TscomposeError('CLI_FLAG', `--format "${format}" does not go with --verbose; table and json do`)
        const usage = await engine.systemDataUsage({ types })
        if (format === 'json') return void cli.stdout.write(`${JSON.stringify(usage)}\n`)
        const { usageTables } = await import('../../output/disk-usage-tables.ts')
        return void cli.stdout.write(usageTables(usage, Date.now()))
      }
      const rows = usageRows(await engine.systemDataUsage())
      if (format === 'table')
        cli.stdout.write(
          renderTable([
            ['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'],
            ...rows.map(row => [row.Type, row.TotalCount, row.Active, row.Size, row.Reclaimable]),
          ]),
        )
      else if (format === 'json') cli.stdout.write(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
      else {
        const { renderFormat } = await import('../../output/format.ts')
        cli.stdout.write(renderFormat(format, rows, { TotalCount: 'TOTAL' }))
      }
    })
