import { TscomposeError } from '../../errors.ts'
import type { Project, Service } from '../project.ts'

/** Attributes of a service that would change what runs, and cannot be honoured yet. */
const unsupported = ['models', 'gpus', 'credential_spec', 'isolation', 'deploy.resources.reservations.devices'] as const

/** The others are of Windows and of Swarm. */
const MOUNTED = new Set(['bind', 'volume', 'tmpfs', 'image'])

/**
 * Refuses what would otherwise be ignored silently.
 * @returns warnings about what is ignored without harm
 * @throws TscomposeError COMPOSE_NOT_SUPPORTED with the place in the file
 */
export function checkSupported(project: Project, services: readonly Service[]): string[] {
  for (const service of services) {
    for (const path of unsupported)
      if (isGiven(at(service.canonical, path))) throw notSupported(project, `services.${service.name}.${path}`)
    for (const [index, { type }] of service.volumes.entries())
      if (!MOUNTED.has(type)) throw notSupported(project, `services.${service.name}.volumes.${index}.type`)
    for (const [index, { perReplica }] of service.preStart.entries())
      if (perReplica) throw notSupported(project, `services.${service.name}.pre_start.${index}.per_replica`)
  }
  return services.flatMap(ignoredAttributes)
}

export function notSupported(project: Project, path: string): TscomposeError {
  const where = project.origins.get(path)
  return new TscomposeError('COMPOSE_NOT_SUPPORTED', `not supported yet: ${path}`, { ...(where && { where }) })
}

/** The value at a path of keys; undefined where one is missing. */
const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)

function ignoredAttributes(service: Service): string[] {
  if (service.runtime === undefined) return []
  return [`service "${service.name}": runtime "${service.runtime}" is ignored, tscompose has one of its own`]
}
