import type { FileMount } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import type { FileGrant, FileObject, Project, Service } from '../project.ts'
import type { ContainerContext } from './container.ts'

/** A secret or a config that a service is granted. */
export interface Granted {
  readonly kind: 'secret' | 'config'
  readonly grant: FileGrant
  readonly object: FileObject
}

/**
 * All that a service is granted.
 * @throws TscomposeError COMPOSE_SECRET_UNAVAILABLE for what is kept by a platform that is not there
 */
export function grants(project: Project, service: Service): Granted[] {
  const find = (kind: Granted['kind'], objects: Project['secrets']) => (grant: FileGrant) => {
    const object = objects[grant.source]
    const where = project.origins.get(`${kind}s.${grant.source}`)
    const unavailable = (message: string) =>
      new TscomposeError('COMPOSE_SECRET_UNAVAILABLE', message, { ...(where && { where }) })
    if (!object || object.external) throw unavailable(`unsupported external ${kind} ${object?.name ?? grant.source}`)
    if (object.driver !== undefined) throw unavailable(`unsupported driver "${object.driver}" of ${kind} ${object.key}`)
    return { kind, grant, object }
  }
  return [
    ...service.secrets.map(find('secret', project.secrets)),
    ...service.configs.map(find('config', project.configs)),
  ]
}

/** A file of the host is mounted as it is, so that it can change, unless it is to look otherwise in the container. */
export const isMounted = (
  granted: Granted,
): granted is Granted & { readonly object: FileObject & { readonly file: string } } =>
  granted.object.file !== undefined && (granted.grant.uid ?? granted.grant.gid ?? granted.grant.mode) === undefined

/** Those of which the engine makes files of its own. */
export const handedOver = (project: Project, service: Service): Granted[] =>
  grants(project, service).filter(granted => !isMounted(granted))

/** The files the engine makes, with owner and mode as asked for. */
export const files = ({
  project,
  service,
  fileContents,
}: Pick<ContainerContext, 'project' | 'service' | 'fileContents'>): FileMount[] =>
  handedOver(project, service).map(granted => ({
    Target: granted.grant.target,
    Content: Buffer.from(contentOf(project, granted, fileContents)).toString('base64'),
    UID: idOf(granted, 'uid'),
    GID: idOf(granted, 'gid'),
    Mode: granted.grant.mode ?? 0o444,
  }))

function idOf({ kind, grant }: Granted, attribute: 'uid' | 'gid'): number {
  const text = grant[attribute] ?? '0'
  if (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 - 1) return Number(text)
  throw new TscomposeError('COMPOSE_VALUE_INVALID', `${attribute} "${text}" of ${kind} ${grant.source} is not a number`)
}

function contentOf(
  { environment }: Project,
  { kind, object }: Granted,
  fileContents: ContainerContext['fileContents'],
): string | Uint8Array {
  if (object.content !== undefined) return object.content
  if (object.file !== undefined) return fileContents(object.file)
  const variable = object.environment ?? ''
  const value = environment[variable]
  if (value === undefined)
    throw new TscomposeError(
      'COMPOSE_SECRET_UNAVAILABLE',
      `environment variable "${variable}" required by ${kind} "${object.key}" is not set`,
    )
  return value
}
