import type { Project, Service } from './project.ts'

/** @param separator `-`, or `_` with --compatibility */
export const containerName = (project: string, service: Service, number: number, separator = '-'): string =>
  service.containerName ?? [project, service.name, number].join(separator)

/**
 * The service whose container a namespace or volumes are taken from: that of `service:NAME`, and that of `container:NAME`
 * where the name is that of a service's first container, which may only be made along with the other.
 */
export function sharedService(project: Pick<Project, 'name' | 'services'>, reference: string): string | undefined {
  const [, kind, name] = /^(service|container):([^:]*)/.exec(reference) ?? []
  if (kind === 'service') return name
  if (kind !== 'container') return undefined
  return Object.values(project.services).find(service => containerName(project.name, service, 1) === name)?.name
}

/** The image a service runs: what the file says, or the name a build gives to what it makes. */
export const imageName = (project: Pick<Project, 'name'>, service: Service): string =>
  service.image ?? `${project.name}-${service.name}`

/** By what an image is observed: it may be here for some platforms, and not for that of a service. */
export const imageKey = (image: string, { platform }: Pick<Service, 'platform'>): string =>
  platform === undefined ? image : `${image} ${platform}`

/** All images that a service needs: its own, those of its pre_start hooks, and those that it mounts. */
export const imageNames = (project: Pick<Project, 'name'>, service: Service): string[] => [
  ...new Set([
    imageName(project, service),
    ...service.preStart.flatMap(({ image = [] }) => image),
    ...service.volumes.flatMap(({ type, source = [] }) => (type === 'image' ? source : [])),
  ]),
]

/** A directory as root file system (`rootfs:PATH`); there is nothing to pull. */
export const isRootfsImage = (image: string): boolean => image.startsWith('rootfs:')
