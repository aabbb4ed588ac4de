import { imageKey, imageName } from '../names.ts'
import type { Project, Service } from '../project.ts'
import type { Observed, ObservedContainer } from './observed.ts'
import type { InheritedVolume } from './plan.ts'

/**
 * The anonymous volumes of a container that its replacement takes over: those at paths where the service or its image
 * still wants one, and nothing else is mounted.
 */
export function inheritedVolumes(
  project: Project,
  service: Service,
  container: ObservedContainer,
  observed: Observed,
): InheritedVolume[] {
  const declared = new Set(Object.values(project.volumes).map(({ name }) => name))
  const wanted = new Set(observed.images[imageKey(imageName(project, service), service)]?.volumes)
  for (const { type, source, target } of service.volumes)
    if (type === 'volume' && source === undefined) wanted.add(target)
    else wanted.delete(target)
  return container.volumes
    .filter(({ name, target }) => wanted.has(target) && !declared.has(name))
    .map(({ name, target }) => ({ volume: name, target }))
}
