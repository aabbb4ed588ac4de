import type { Volume } from '../../engine/api.ts'
import { renderTable } from './table.ts'

/** What only volumes of a cluster have; sizes are told by `system df`. */
const ofClusters = { Availability: 'N/A', Group: 'N/A', Links: 'N/A', Size: 'N/A', Status: 'N/A' }

/** The names by which JSON and templates know a volume. */
const fields = ({ Name, Driver, Mountpoint, Scope, Labels }: Volume) => ({
  ...ofClusters,
  Driver,
  LabelMap: Labels,
  Labels: Object.entries(Labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(','),
  Mountpoint,
  Name,
  Scope,
})

/** Volumes as `docker volume ls` prints them: only names, or in a format. @throws TscomposeError CLI_FLAG */
export async function renderVolumes(
  volumes: readonly Volume[],
  { format, quiet }: { readonly format: string; readonly quiet?: boolean },
): Promise<string> {
  const rows = volumes.map(fields).sort((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }))
  if (quiet) return rows.map(({ Name }) => `${Name}\n`).join('')
  if (format === 'table')
    return renderTable([['DRIVER', 'VOLUME NAME'], ...rows.map(({ Driver, Name }) => [Driver, Name])])
  if (format === 'json') return rows.map(({ LabelMap: _, ...row }) => `${JSON.stringify(row)}\n`).join('')
  const { renderFormat } = await import('./format.ts')
  return renderFormat(format, rows, { Name: 'VOLUME NAME' })
}
