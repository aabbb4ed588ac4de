import type { SystemDataUsage } from '../../../engine/api.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { humanSize } from '../../output/human-size.ts'
import { renderTable } from '../../output/table.ts'

export const define: Define = (command, cli) =>
  command
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .action(async ({ format }: { format: string }) => {
      const rows = usageRows(await (await connect()).systemDataUsage())
      if (format === 'table')
        cli.stdout.write(
          renderTable([
            ['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'],
            ...rows.map(({ Type, TotalCount, Active, Size, Reclaimable }) => [
              Type,
              TotalCount,
              Active,
              Size,
              Reclaimable,
            ]),
          ]),
        )
      else if (format === 'json') cli.stdout.write(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
      else {
        const { renderFormat } = await import('../../output/format.ts')
        cli.stdout.write(renderFormat(format, rows, { TotalCount: 'TOTAL' }))
      }
    })

interface Counted {
  readonly size: number
  readonly active: boolean
}

function usageRows({ Images, Containers, Volumes, LayersSize }: SystemDataUsage) {
  const images = (Images ?? []).map(({ Size, SharedSize, Containers }) => ({
    size: Size - Math.max(0, SharedSize),
    active: Containers > 0,
  }))
  const containers = (Containers ?? []).map(({ SizeRw = 0, State }) => ({
    size: SizeRw,
    active: ['running', 'paused', 'restarting'].includes(State),
  }))
  const volumes = (Volumes ?? []).map(({ UsageData }) => ({
    size: Math.max(0, UsageData?.Size ?? 0),
    active: (UsageData?.RefCount ?? 0) > 0,
  }))
  return [row('Images', images, LayersSize), row('Containers', containers), row('Local Volumes', volumes)]
}

const sum = (items: readonly Counted[]): number => items.reduce((total, { size }) => total + size, 0)

function row(Type: string, items: readonly Counted[], total = sum(items)) {
  const reclaimable = Math.min(total, sum(items.filter(({ active }) => !active)))
  const percent = total > 0 ? ` (${Math.floor((reclaimable * 100) / total)}%)` : ''
  return {
    Type,
    TotalCount: String(items.length),
    Active: String(items.filter(({ active }) => active).length),
    Size: humanSize(total),
    Reclaimable: `${humanSize(reclaimable)}${percent}`,
  }
}
