import { resolve } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { nodeAt } from './consistency.ts'
import type { EnvEntries } from './dotenv.ts'
import { parseDotenv, parseRawEnv } from './dotenv.ts'
import { arrange } from './model/bind.ts'
import type { Canonical } from './model/shape.ts'
import { compareText, define } from './plain.ts'
import { type Session, statOf } from './session.ts'
import type { Lookup } from './template.ts'
import type { MapNode } from './yaml/node.ts'
import { whereOf } from './yaml/node.ts'

/** What env files and label files gave, by service, for `config --why`. */
export type FileEntries = Map<string, EnvEntries>

interface Context {
  readonly session: Session
  readonly root: MapNode
  readonly lookup: Lookup
}

/**
 * Folds a service's env files into its environment, which wins over them, and forgets the files.
 * @returns the service, and what was read
 */
export async function resolveEnvFiles(
  name: string,
  service: Canonical,
  { session, root, lookup }: Context,
): Promise<{ service: Canonical; read: EnvEntries }> {
  const own: Record<string, string | null> = {}
  for (const [key, value] of Object.entries((service.environment ?? {}) as Record<string, string | null>))
    define(own, key, value ?? lookup(key) ?? null)
  const read: EnvEntries = new Map()
  const files = (service.env_file ?? []) as readonly { path?: string; required?: boolean; format?: string }[]
  // The project's variables first, then the service's own; what the files say follows.
  const seen: Lookup = key => lookup(key) ?? (Object.hasOwn(own, key) ? (own[key] ?? undefined) : undefined)
  for (const [index, { path: given = '', required = true, format }] of files.entries()) {
    const path = resolve(session.cwd, given)
    const place = nodeAt(root, ['services', name, 'env_file', String(index), 'path'])
    if (!statOf(path)) {
      if (!required) continue
      const { suggestFile } = await import('./suggest-file.ts')
      throw new TscomposeError(
        'COMPOSE_ENV_FILE_NOT_FOUND',
        `env file ${path} not found: stat ${path}: no such file or directory`,
        { where: whereOf(place), ...(await suggestFile(path)) },
      )
    }
    if (format && format !== 'raw' && format !== '.env')
      throw new TscomposeError('COMPOSE_VALUE_INVALID', `unsupported env_file format ${JSON.stringify(format)}`, {
        where: whereOf(nodeAt(root, ['services', name, 'env_file', String(index), 'format'])),
        fix: 'The format is raw, or not given.',
      })
    const source = await session.read(path)
    if (format === 'raw') parseRawEnv(source, read, seen)
    else parseDotenv(source, read, seen, session.warn)
  }
  const merged: Record<string, string | null> = {}
  const all = new Map<string, string | null>([...read].map(([key, { value }]) => [key, value]))
  for (const [key, value] of Object.entries(own)) all.set(key, value)
  for (const [key, value] of [...all].sort(([a], [b]) => compareText(a, b))) define(merged, key, value)
  const { env_file: _, ...rest } = service
  return { service: all.size > 0 ? arrange({ ...rest, environment: merged }) : rest, read }
}

/** Folds label files into the labels, which win over them, and forgets the files. */
export async function resolveLabelFiles(
  name: string,
  service: Canonical,
  { session, root }: Context,
): Promise<{ service: Canonical; read: EnvEntries }> {
  const read: EnvEntries = new Map()
  const files = (service.label_file ?? []) as readonly string[]
  for (const [index, given] of files.entries()) {
    const path = resolve(session.cwd, given)
    if (!statOf(path)) {
      const { suggestFile } = await import('./suggest-file.ts')
      throw new TscomposeError(
        'COMPOSE_ENV_FILE_NOT_FOUND',
        `label file ${path} not found: stat ${path}: no such file or directory`,
        {
          where: whereOf(nodeAt(root, ['services', name, 'label_file', String(index)])),
          ...(await suggestFile(path)),
        },
      )
    }
    parseDotenv(await session.read(path), read, () => undefined)
  }
  const { label_file: _, ...rest } = service
  const all = new Map([...read].map(([key, { value }]) => [key, value]))
  for (const [key, value] of Object.entries((service.labels ?? {}) as Record<string, string>)) all.set(key, value)
  const merged: Record<string, string> = {}
  for (const [key, value] of [...all].sort(([a], [b]) => compareText(a, b))) define(merged, key, value)
  return { service: all.size > 0 ? arrange({ ...rest, labels: merged }) : rest, read }
}
