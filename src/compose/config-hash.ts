import { createHash } from 'node:crypto'
import type { ProjectNetwork, ProjectVolume, Service } from './project.ts'

/**
 * What does not make a container another one (compose-file.md, "Config hash and recreate rules"), and `develop`, which
 * only `watch` reads.
 */
const ignored = new Set(['build', 'pull_policy', 'scale', 'depends_on', 'profiles', 'develop'])

/** SHA-256 of the service as the user wrote it, after everything is resolved; the order of keys does not matter. */
export function configHash({ canonical }: Pick<Service, 'canonical'>): string {
  const service: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(canonical)) if (!ignored.has(key)) service[key] = value
  if (isMap(service.deploy)) {
    const { replicas: _, ...deploy } = service.deploy
    if (Object.keys(deploy).length > 0) service.deploy = deploy
    else delete service.deploy
  }
  return hash(service)
}

export const networkHash = ({ key: _, ...network }: ProjectNetwork): string => hash(network)
export const volumeHash = ({ key: _, ...volume }: ProjectVolume): string =>
  hash({ ...volume, driver: volume.driver ?? 'local' })

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex')

/** A replacer for JSON.stringify that writes the keys of every map in order. */
const sortKeys = (_key: string, value: unknown): unknown =>
  isMap(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
