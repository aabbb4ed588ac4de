import { label } from '../../compose/labels.ts'
import { serviceOf } from '../../compose/select.ts'
import type { Define } from '../command.ts'
import { renderVolumes } from '../output/volume-list.ts'
import { findTarget } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--format <format>', 'table, json, or a Go template', 'table')
    .option('-q, --quiet', 'Only names')
    .action(async (services: string[], shown: { format: string; quiet?: boolean }) => {
      const { engine, name, project } = await findTarget(cli, services)
      const wanted =
        project &&
        services.length > 0 &&
        new Set(
          services.flatMap(service =>
            serviceOf(project.services, service).volumes.map(
              ({ source = '' }) => project.volumes[source]?.name ?? source,
            ),
          ),
        )
      const { Volumes } = await engine.volumeList({ filters: { label: [`${label.project}=${name}`] } })
      const volumes = Volumes.filter(({ Name }) => !wanted || wanted.has(Name))
      cli.stdout.write(await renderVolumes(volumes, shown))
    })
