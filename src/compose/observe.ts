import type { ContainerSummary, Engine } from '../engine/api.ts'
import { TscomposeError } from '../errors.ts'
import { fieldHashesAnnotation } from './field-hashes.ts'
import { label } from './labels.ts'
import { imageKey, imageNames, isRootfsImage } from './names.ts'
import type { Observed, ObservedContainer, ObservedImage } from './plan/observed.ts'
import type { Dependency, Project, Service } from './project.ts'

/** What the engine has of a project. Everything is asked for at once. */
export async function observe(engine: Engine, name: string, project?: Project): Promise<Observed> {
  const [all, networks, volumes, images] = await Promise.all([
    listContainers(engine, name),
    engine.networkList(),
    engine.volumeList(),
    project ? observeImages(engine, project, Object.values(project.services)) : {},
  ])
  const used = new Set(Object.values(project?.networks ?? {}).map(network => network.name))
  const mounted = new Set(Object.values(project?.volumes ?? {}).map(volume => volume.name))
  const [hookContainers, containers] = [all.filter(isHook), all.filter(summary => !isHook(summary))]
  return {
    containers: byName(containers.map(toObserved)),
    hookContainers: byName(hookContainers.map(toObserved)),
    networks: networks
      .filter(network => network.Labels[label.project] === name || used.has(network.Name))
      .map(({ Id, Name, Labels }) => ({ id: Id, name: Name, labels: Labels })),
    volumes: volumes.Volumes.filter(({ Name, Labels }) => Labels?.[label.project] === name || mounted.has(Name)).map(
      ({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} }),
    ),
    images,
  }
}

export const listContainers = (engine: Engine, project: string): Promise<ContainerSummary[]> =>
  engine.containerList({ all: true, filters: { label: [`${label.project}=${project}`] } })

/** The containers of services, one-off ones too; not those of hooks. */
export const observeContainers = async (engine: Engine, project: string): Promise<ObservedContainer[]> =>
  byName((await listContainers(engine, project)).filter(summary => !isHook(summary)).map(toObserved))

const isHook = ({ Labels }: ContainerSummary): boolean => label.hook in Labels
const byName = (containers: ObservedContainer[]): ObservedContainer[] =>
  containers.sort((a, b) => (a.name < b.name ? -1 : 1))

/** The images of these services that are there. */
export async function observeImages(
  engine: Engine,
  project: Project,
  services: readonly Service[],
): Promise<Record<string, ObservedImage>> {
  const wanted = new Map(
    services.flatMap(service =>
      imageNames(project, service).map(
        name => [imageKey(name, service), { name, platform: service.platform }] as const,
      ),
    ),
  )
  const images = await Promise.all(
    [...wanted].map(async ([key, { name, platform }]) => [key, await observeImage(engine, name, platform)] as const),
  )
  return Object.fromEntries(images.flatMap(([name, image]) => (image ? [[name, image]] : [])))
}

/** It is not here, or for another platform only. */
const missing: readonly string[] = ['ENGINE_IMAGE_NOT_FOUND', 'IMAGE_PLATFORM_MISSING']

async function observeImage(
  engine: Engine,
  name: string,
  platform: string | undefined,
): Promise<ObservedImage | undefined> {
  if (isRootfsImage(name)) return { id: name, volumes: [] }
  try {
    const { Id, Config, Metadata } = await engine.imageInspect(name, platform === undefined ? {} : { platform })
    return { id: Id, volumes: Object.keys(Config.Volumes ?? {}), taggedAt: Metadata.LastTagTime }
  } catch (error) {
    if (error instanceof TscomposeError && missing.includes(error.code)) return undefined
    throw error
  }
}

export function toObserved(summary: ContainerSummary): ObservedContainer {
  const { Labels } = summary
  const replaces = Labels[label.replace]
  const portlessHash = Labels[label.portlessHash]
  const fieldHashes = summary.HostConfig?.Annotations?.[fieldHashesAnnotation]
  const workingDir = Labels[label.workingDir]
  const [, networkOf] = /^container:(.+)$/.exec(summary.HostConfig?.NetworkMode ?? '') ?? []
  return {
    id: summary.Id,
    name: nameOf(summary),
    service: Labels[label.service] ?? '',
    number: Number(Labels[label.number] ?? 0),
    oneOff: Labels[label.oneOff] === 'True',
    state: summary.State,
    health: healthOf(summary.Status),
    configHash: Labels[label.configHash] ?? '',
    ...(portlessHash !== undefined && { portlessHash }),
    ...(fieldHashes !== undefined && { fieldHashes }),
    image: Labels[label.image] ?? summary.ImageID,
    ...(replaces !== undefined && { replaces }),
    networks: Object.fromEntries(
      Object.entries(summary.NetworkSettings.Networks).map(([name, { NetworkID }]) => [name, NetworkID ?? '']),
    ),
    ...(networkOf !== undefined && { networkOf }),
    volumes: summary.Mounts.flatMap(({ Type, Name, Destination }) =>
      Type === 'volume' && Name !== undefined ? [{ name: Name, target: Destination }] : [],
    ),
    ...(workingDir !== undefined && { workingDir }),
    dependsOn: parseDependsOn(Labels[label.dependsOn] ?? ''),
  }
}

export const nameOf = ({ Names }: ContainerSummary): string => (Names[0] ?? '').replace(/^\//, '')

/** The list tells a container's health within its status only: `Up 2 minutes (healthy)`. */
export function healthOf(status: string): ObservedContainer['health'] {
  const [, word] = /\((?:health: )?(starting|healthy|unhealthy)\)/.exec(status) ?? []
  return (word as 'starting' | 'healthy' | 'unhealthy' | undefined) ?? 'none'
}

const conditions = ['service_started', 'service_healthy', 'service_completed_successfully'] as const

/** The label's form: `db:service_healthy:true,cache:service_started:false`; the last word is `restart`. */
export function parseDependsOn(text: string): Record<string, Dependency> {
  const entries = text.split(',').filter(item => item !== '')
  return Object.fromEntries(
    entries.map(item => {
      const [name = '', word, restart] = item.split(':')
      const condition = conditions.find(known => known === word) ?? 'service_started'
      return [name, { condition, restart: restart === 'true', required: true }]
    }),
  )
}

/** The services of a project as far as the labels of its containers tell, for commands that have no file. */
export function lifecycleFromLabels(
  containers: readonly ObservedContainer[],
): Record<string, { name: string; dependsOn: Record<string, Dependency>; replicas: number }> {
  const services: Record<string, { name: string; dependsOn: Record<string, Dependency>; replicas: number }> = {}
  for (const { service, dependsOn, oneOff } of containers) {
    const known = services[service]
    services[service] = {
      name: service,
      dependsOn: { ...known?.dependsOn, ...dependsOn },
      replicas: (known?.replicas ?? 0) + (oneOff ? 0 : 1),
    }
  }
  return services
}
