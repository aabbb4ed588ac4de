import { TscomposeError } from '../../errors.ts'
import type { Project, Service } from '../project.ts'

const OF_WINDOWS = 'It is an attribute of Windows containers.'

/** Attributes of a service that would change what runs and cannot be honoured, and what to do instead. */
const unsupported = {
  models: 'There is nothing here that runs AI models: have one run as a service, and give its URL in `environment`.',
  credential_spec: OF_WINDOWS,
  isolation: OF_WINDOWS,
} as const

/** The others are of Windows and of Swarm. */
const MOUNTED = new Set(['bind', 'volume', 'tmpfs', 'image'])

/**
 * Refuses what would otherwise be ignored silently.
 * @returns warnings about what is ignored without harm
 * @throws TscomposeError COMPOSE_NOT_SUPPORTED with the place in the file
 */
export function checkSupported(project: Project, services: readonly Service[]): string[] {
  for (const service of services) {
    for (const [attribute, fix] of Object.entries(unsupported))
      if (isGiven(service.canonical[attribute]))
        throw notSupported(project, `services.${service.name}.${attribute}`, fix)
    for (const [index, { type }] of service.volumes.entries())
      if (!MOUNTED.has(type)) throw notSupported(project, `services.${service.name}.volumes.${index}.type`)
    for (const [index, { perReplica }] of service.preStart.entries())
      if (perReplica) throw notSupported(project, `services.${service.name}.pre_start.${index}.per_replica`)
  }
  return services.flatMap(ignoredAttributes)
}

export function notSupported(project: Project, path: string, fix?: string): TscomposeError {
  const where = project.origins.get(path)
  const more = { ...(where && { where }), ...(fix !== undefined && { fix }) }
  return new TscomposeError('COMPOSE_NOT_SUPPORTED', `not supported yet: ${path}`, more)
}

const isGiven = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)

function ignoredAttributes(service: Service): string[] {
  if (service.runtime === undefined) return []
  return [`service "${service.name}": runtime "${service.runtime}" is ignored, tscompose has one of its own`]
}
