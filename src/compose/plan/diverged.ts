import { configHash, portlessHash } from '../config-hash.ts'
import { changedFields } from '../field-hashes.ts'
import { imageKey, imageName, sharedService } from '../names.ts'
import type { Project, Service } from '../project.ts'
import type { Observed, ObservedContainer } from './observed.ts'

/** Why a container does not do any more for what the file says now; undefined: it does. */
export function divergence(
  project: Project,
  service: Service,
  container: ObservedContainer,
  observed: Observed,
): string | undefined {
  if (container.configHash !== configHash(service) && !onlyPortsDiffer(service, container)) {
    const fields = changedFields(container.fieldHashes, service)
    return `its configuration has changed${fields === undefined ? '' : `: ${fields}`}`
  }
  const image = observed.images[imageKey(imageName(project, service), service)]
  if (image && image.id !== container.image) return 'its image has changed'
  return missingNetwork(project, service, container, observed) ?? missingVolume(project, service, container)
}

/** Ports are changed while the container goes on. */
export const onlyPortsDiffer = (
  service: Service,
  { configHash: hash, portlessHash: rest }: ObservedContainer,
): boolean => hash !== configHash(service) && rest === portlessHash(service)

function missingNetwork(
  project: Project,
  service: Service,
  container: ObservedContainer,
  observed: Observed,
): string | undefined {
  for (const key of Object.keys(service.networks)) {
    const name = project.networks[key]?.name ?? key
    const connected = container.networks[name]
    const existing = observed.networks.find(network => network.name === name)
    if (connected === undefined) {
      // What is not running may have let go of its networks.
      if (container.state === 'running') return `it is not connected to network ${name}`
    } else if (connected !== '' && existing?.id !== connected) return `network ${name} is another one now`
  }
  return undefined
}

function missingVolume(project: Project, service: Service, container: ObservedContainer): string | undefined {
  for (const { type, source, target } of service.volumes) {
    if (type !== 'volume' || source === undefined) continue
    const name = project.volumes[source]?.name ?? source
    if (!container.volumes.some(volume => volume.name === name)) return `it lacks volume ${name} on ${target}`
  }
  return undefined
}

/** Services whose namespaces or volumes a service uses: its containers have to follow when theirs are replaced. */
export function sharedServices(project: Project, service: Service): string[] {
  const spaces = [service.networkMode, service.ipc, service.pid, service.uts, service.cgroup]
  const mounted = service.volumesFrom.map(from => (from.startsWith('container:') ? from : `service:${from}`))
  const shared = [...spaces, ...mounted].map(reference => reference && sharedService(project, reference))
  return [...new Set(shared.filter(name => name !== undefined))]
}
