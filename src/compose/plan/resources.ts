import { TscomposeError } from '../../errors.ts'
import { networkHash, volumeHash } from '../config-hash.ts'
import { label } from '../labels.ts'
import type { Project, ProjectNetwork, ProjectVolume, Service } from '../project.ts'
import type { PlanBuilder } from './builder.ts'
import { isAlive, type Observed, type ObservedContainer } from './observed.ts'

/** What planning networks and volumes leaves for the containers to wait for. */
export interface Resources {
  /** The step that makes a network, by its key; none where it is there already. */
  readonly networks: Map<string, number>
  readonly volumes: Map<string, number>
  /** Containers that had to be taken off a network that is made anew, with the steps that connect them again. */
  readonly reconnected: Map<ObservedContainer, number[]>
}

/** The networks with these services on them, or all; likewise the volumes. By key. */
export function usedNetworks(project: Project, services: readonly Service[], all: boolean): ProjectNetwork[] {
  const used = new Set(services.flatMap(({ networks }) => Object.keys(networks)))
  return Object.values(project.networks).filter(({ key }) => all || used.has(key))
}
export function usedVolumes(project: Project, services: readonly Service[], all: boolean): ProjectVolume[] {
  const used = new Set(
    services.flatMap(({ volumes }) => volumes.flatMap(({ type, source }) => (type === 'volume' ? [source] : []))),
  )
  return Object.values(project.volumes).filter(({ key }) => all || used.has(key))
}

export function planNetwork(
  plan: PlanBuilder,
  project: Project,
  network: ProjectNetwork,
  observed: Observed,
  replaced: ReadonlySet<ObservedContainer>,
  resources: Resources,
): void {
  const { key, name } = network
  const existing = observed.networks.find(observedNetwork => observedNetwork.name === name)
  if (!existing) {
    if (network.external)
      throw new TscomposeError(
        'COMPOSE_NETWORK_MISSING',
        `network ${name} declared as external, but could not be found`,
        {
          fix: `Create it (tscompose network create ${name}), or take "external" away.`,
        },
      )
    resources.networks.set(key, plan.add({ op: 'createNetwork', name, key }, 'it does not exist'))
    return
  }
  if (network.external) return
  if (existing.labels[label.project] !== project.name) {
    plan.warn(
      `a network with name ${name} exists but was not created for project "${project.name}".\n` +
        'Set `external: true` to use an existing network',
    )
    return
  }
  if (existing.labels[label.configHash] === networkHash(network)) return

  // A network cannot be changed: everything of the project is taken off, and put back on the new one.
  const why = 'its definition has changed'
  const connected = observed.containers.filter(container => name in container.networks)
  const off = connected.map(container => {
    const ref = { service: container.service, name: container.name, id: container.id }
    const stopped = isAlive(container)
      ? plan.add({ op: 'stopContainer', container: ref, quiet: false }, `network ${name} is made anew`)
      : undefined
    return plan.add({ op: 'disconnectNetwork', name, container: ref }, why, [stopped])
  })
  const removed = plan.add({ op: 'removeNetwork', name, id: existing.id }, why, off)
  const created = plan.add({ op: 'createNetwork', name, key }, why, [removed])
  resources.networks.set(key, created)
  for (const container of connected) {
    if (replaced.has(container)) continue
    const ref = { service: container.service, name: container.name, id: container.id }
    const step = plan.add({ op: 'connectNetwork', name, key, container: ref }, why, [created])
    resources.reconnected.set(container, [...(resources.reconnected.get(container) ?? []), step])
  }
}

/** Declared volumes that exist with another definition: to make them anew would lose what is in them, so ask first. */
export const divergedVolumes = (project: Project, observed: Observed, services: readonly Service[]): ProjectVolume[] =>
  usedVolumes(project, services, false).filter(volume => {
    const existing = observed.volumes.find(({ name }) => name === volume.name)
    const hash = existing?.labels[label.configHash]
    return !volume.external && hash !== undefined && hash !== volumeHash(volume)
  })

/** @param released the steps after which no container uses the volume any more, if it is to be made anew */
export function planVolume(
  plan: PlanBuilder,
  project: Project,
  volume: ProjectVolume,
  observed: Observed,
  released: readonly number[] | undefined,
  resources: Resources,
): void {
  const { key, name } = volume
  const existing = observed.volumes.find(observedVolume => observedVolume.name === name)
  if (!existing) {
    if (volume.external)
      throw new TscomposeError('COMPOSE_VOLUME_MISSING', `external volume "${name}" not found`, {
        fix: `Create it (tscompose volume create ${name}), or take "external" away.`,
      })
    resources.volumes.set(key, plan.add({ op: 'createVolume', name, key }, 'it does not exist'))
    return
  }
  if (volume.external) return
  if (existing.labels[label.project] !== project.name) {
    plan.warn(
      `volume "${name}" already exists but was not created for project "${project.name}". ` +
        'Use `external: true` to use an existing volume',
    )
    return
  }
  if (!released) return
  const removed = plan.add({ op: 'removeVolume', name }, 'its definition has changed', released)
  resources.volumes.set(key, plan.add({ op: 'createVolume', name, key }, 'its definition has changed', [removed]))
}
