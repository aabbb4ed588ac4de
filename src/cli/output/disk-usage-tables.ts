import type { BuildCacheItem, SystemDataUsage } from '../../engine/api.ts'
import { humanDuration } from '../../engine/human-duration.ts'
import { containerFields } from './container-fields.ts'
import { humanSize } from './human-size.ts'
import { imageRows } from './image-rows.ts'
import { renderTable } from './table.ts'

/** `system df -v`: every image, container, volume and step of a build, and what else is in the data root. */
export function usageTables(usage: SystemDataUsage, now: number): string {
  const sections = [
    `Images space usage:\n\n${renderTable(images(usage))}`,
    `Containers space usage:\n\n${renderTable(containers(usage, now))}`,
    `Local Volumes space usage:\n\n${renderTable(volumes(usage))}`,
    `Build cache usage: ${humanSize(usage.BuilderSize)}\n\n${renderTable(builds(usage.BuildCache ?? [], now))}`,
  ]
  const { DataRoot } = usage
  if (DataRoot) {
    const parts = Object.entries(DataRoot.Parts).map(([name, size]) => [name, humanSize(size, 3)])
    const title = `All of ${DataRoot.Path}, with logs and the engine's own files: ${humanSize(DataRoot.Size)}`
    sections.push(`${title}\n\n${renderTable([['NAME', 'SIZE'], ...parts])}`)
  }
  return sections.join('\n')
}

const images = ({ Images }: SystemDataUsage): string[][] => [
  ['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'],
  ...(Images ?? []).flatMap(image =>
    imageRows(image, { digests: false, trunc: true }).map(row => [
      ...[row.Repository, row.Tag, row.ID, row.CreatedSince, row.Size, row.SharedSize, row.UniqueSize, row.Containers],
    ]),
  ),
]

const containers = ({ Containers }: SystemDataUsage, now: number): string[][] => [
  ['CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'],
  ...(Containers ?? []).map(container => {
    const row = containerFields(container, { now, trunc: true })
    const size = humanSize(container.SizeRw ?? 0, 3)
    return [row.ID, row.Image, row.Command, row.LocalVolumes, size, row.RunningFor, row.Status, row.Names]
  }),
]

const volumes = ({ Volumes }: SystemDataUsage): string[][] => [
  ['VOLUME NAME', 'LINKS', 'SIZE'],
  ...(Volumes ?? []).map(({ Name, UsageData }) => [
    Name,
    String(UsageData?.RefCount ?? 0),
    humanSize(Math.max(0, UsageData?.Size ?? 0), 3),
  ]),
]

const builds = (items: readonly BuildCacheItem[], now: number): string[][] => {
  const ago = (moment: string) => `${humanDuration(now - Date.parse(moment))} ago`
  return [
    ['CACHE ID', 'CACHE TYPE', 'SIZE', 'CREATED', 'LAST USED', 'USAGE', 'SHARED'],
    ...items.map(({ ID, Type, Size, CreatedAt, LastUsedAt, UsageCount, Shared }) => [
      ID.replace('sha256:', '').slice(0, 12),
      Type,
      humanSize(Size, 3),
      ago(CreatedAt),
      ago(LastUsedAt),
      String(UsageCount),
      String(Shared),
    ]),
  ]
}
