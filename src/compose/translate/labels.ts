import type { Labels } from '../../engine/api.ts'
import { version } from '../../engine/version.ts'
import { configHash, portlessHash } from '../config-hash.ts'
import { label } from '../labels.ts'
import type { Service } from '../project.ts'
import type { ContainerContext } from './container.ts'

/** The labels of the file, and those docker compose adds; a file cannot override the latter. */
export function containerLabels({ project, service, number, imageId, replaces, oneOff }: ContainerContext): Labels {
  return {
    ...service.labels,
    [label.project]: project.name,
    [label.service]: service.name,
    ...(number !== undefined && { [label.number]: String(number) }),
    [label.oneOff]: oneOff ? 'True' : 'False',
    ...(oneOff && { [label.slug]: oneOff.slug }),
    // What runs beside a service is no container that could diverge from it.
    ...(oneOff?.hook ? { [label.hook]: oneOff.hook } : hashLabels(service)),
    [label.image]: imageId,
    [label.dependsOn]: Object.entries(service.dependsOn)
      .map(([name, { condition, restart }]) => `${name}:${condition}:${restart}`)
      .join(','),
    [label.workingDir]: project.workingDir,
    [label.configFiles]: project.composeFiles.join(','),
    ...(project.environmentFiles.length > 0 && { [label.environmentFile]: project.environmentFiles.join(',') }),
    ...(replaces !== undefined && { [label.replace]: replaces }),
    [label.version]: version,
  }
}

/** What tells later whether a container still is what the file says. */
export const hashLabels = (service: Service): Labels => ({
  [label.configHash]: configHash(service),
  [label.portlessHash]: portlessHash(service),
})
