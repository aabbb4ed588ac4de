import { label } from '../../compose/labels.ts'
import { listContainers, nameOf } from '../../compose/observe.ts'
import type { ContainerSummary, Engine, ImageInspect } from '../../engine/api.ts'
import { humanDuration } from '../../engine/human-duration.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { humanSize } from '../output/human-size.ts'
import { composeColumn, renderTable } from '../output/table.ts'
import { findForServices } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--format <format>', 'table or json', 'table')
    .option('-q, --quiet', 'Only ids')
    .action(async (services: string[], { format, quiet }: { format: string; quiet?: boolean }) => {
      if (format !== 'table' && format !== 'json')
        throw new TscomposeError('CLI_FLAG', `unsupported format "${format}"`)
      const { engine, name } = await findForServices(cli, services)
      const containers = (await listContainers(engine, name))
        .filter(({ Labels }) => services.length === 0 || services.includes(Labels[label.service] ?? ''))
        .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
      const images = await inspectAll(engine, containers)
      if (quiet) {
        const ids = new Set(containers.map(({ ImageID }) => ImageID.replace('sha256:', '')))
        return void cli.stdout.write([...ids].map(id => `${id}\n`).join(''))
      }
      const rows = containers.map(container => describe(container, images.get(container.ImageID)))
      if (format === 'json') return void cli.stdout.write(`${JSON.stringify(rows)}\n`)
      const now = Date.now()
      cli.stdout.write(
        renderTable(
          [
            ['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'],
            ...rows.map(row => [
              row.ContainerName,
              row.Repository,
              row.Tag,
              row.Platform,
              row.ID.replace('sha256:', '').slice(0, 12),
              humanSize(row.Size, 3),
              row.Created === undefined ? 'N/A' : `${humanDuration(now - Date.parse(row.Created))} ago`,
            ]),
          ],
          composeColumn,
        ),
      )
    })

async function inspectAll(engine: Engine, containers: readonly ContainerSummary[]): Promise<Map<string, ImageInspect>> {
  const ids = [...new Set(containers.map(({ ImageID }) => ImageID))]
  const images = await Promise.all(ids.map(id => engine.imageInspect(id).catch(ignoreMissing)))
  return new Map(ids.flatMap((id, i) => (images[i] ? [[id, images[i]] as const] : [])))
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof TscomposeError && error.code === 'ENGINE_IMAGE_NOT_FOUND') return undefined
  throw error
}

function describe(container: ContainerSummary, image: ImageInspect | undefined) {
  const { repository, tag } = splitReference(container.Image)
  return {
    ID: container.ImageID,
    ContainerName: nameOf(container),
    Repository: repository,
    Tag: tag,
    Platform: image ? [image.Os, image.Architecture, image.Variant].filter(Boolean).join('/') : '',
    Size: image?.Size ?? 0,
    ...(image && { Created: image.Created, LastTagTime: image.Metadata.LastTagTime }),
  }
}

function splitReference(reference: string): { repository: string; tag: string } {
  const [name = ''] = reference.split('@')
  const colon = name.lastIndexOf(':')
  if (colon <= name.lastIndexOf('/')) return { repository: name, tag: 'latest' }
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) }
}
