import type { FileMount, Mount } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import type { FileGrant, FileObject, Project, Service, ServiceVolume } from '../project.ts'
import type { ContainerContext } from './container.ts'

/** What a service mounts: its volumes, what it takes over from the container it replaces, and granted files. */
export function mounts({ project, service, inherits }: ContainerContext): Mount[] {
  const inherited = new Map(inherits.map(({ target, volume }) => [target, volume]))
  const own = service.volumes.map(volume => toMount(project, volume, inherited))
  const declared = new Set(service.volumes.map(({ target }) => target))
  const others = [...inherited].filter(([target]) => !declared.has(target))
  return [
    ...own,
    ...others.map(([Target, Source]): Mount => ({ Type: 'volume', Source, Target })),
    ...grants(project, service).flatMap(({ grant, object }): Mount[] =>
      object.file === undefined ? [] : [{ Type: 'bind', Source: object.file, Target: grant.target, ReadOnly: true }],
    ),
  ]
}

function toMount(project: Project, volume: ServiceVolume, inherited: ReadonlyMap<string, string>): Mount {
  const { type, source, target, readOnly } = volume
  const mount = { Type: type, Target: target, ...(readOnly && { ReadOnly: true }) }
  switch (type) {
    case 'bind':
      return { ...mount, ...(source !== undefined && { Source: source }), ...bindOptions(volume) }
    case 'volume': {
      const name = source === undefined ? inherited.get(target) : (project.volumes[source]?.name ?? source)
      const { nocopy, subpath, labels } = volume.volume ?? {}
      const options = {
        ...(nocopy && { NoCopy: true }),
        ...(subpath !== undefined && { Subpath: subpath }),
        ...(labels && source === undefined && { Labels: { ...labels } }),
      }
      return {
        ...mount,
        ...(name !== undefined && { Source: name }),
        ...(Object.keys(options).length > 0 && { VolumeOptions: options }),
      }
    }
    case 'tmpfs': {
      const { size, mode } = volume.tmpfs ?? {}
      const options = { ...(size !== undefined && { SizeBytes: size }), ...(mode !== undefined && { Mode: mode }) }
      return { ...mount, ...(Object.keys(options).length > 0 && { TmpfsOptions: options }) }
    }
    default:
      return {
        ...mount,
        ...(source !== undefined && { Source: source }),
        ...(volume.image?.subpath !== undefined && { ImageOptions: { Subpath: volume.image.subpath } }),
      }
  }
}

function bindOptions({ bind }: ServiceVolume): Pick<Mount, 'BindOptions'> {
  if (!bind) return {}
  const { createHostPath, propagation, recursive } = bind
  const options = {
    ...(createHostPath && { CreateMountpoint: true }),
    ...(propagation !== undefined && { Propagation: propagation }),
    ...(recursive === 'disabled' && { NonRecursive: true }),
    ...(recursive === 'writable' && { ReadOnlyNonRecursive: true }),
  }
  return Object.keys(options).length > 0 ? { BindOptions: options } : {}
}

/** Secrets and configs whose contents are not a file of the host: the engine makes one, with owner and mode as asked. */
export const files = ({ project, service }: Pick<ContainerContext, 'project' | 'service'>): FileMount[] =>
  grants(project, service).flatMap(({ kind, grant, object }) =>
    object.file === undefined
      ? [
          {
            Target: grant.target,
            Content: Buffer.from(contentOf(project, kind, object)).toString('base64'),
            UID: Number(grant.uid ?? 0),
            GID: Number(grant.gid ?? 0),
            Mode: grant.mode ?? 0o444,
          },
        ]
      : [],
  )

interface Granted {
  readonly kind: 'secret' | 'config'
  readonly grant: FileGrant
  readonly object: FileObject
}

function grants(project: Project, service: Service): Granted[] {
  const find = (kind: Granted['kind'], objects: Project['secrets']) => (grant: FileGrant) => {
    const object = objects[grant.source]
    if (!object || object.external)
      throw new TscomposeError(
        'COMPOSE_SECRET_UNAVAILABLE',
        `unsupported external ${kind} ${object?.name ?? grant.source}`,
      )
    return { kind, grant, object }
  }
  return [
    ...service.secrets.map(find('secret', project.secrets)),
    ...service.configs.map(find('config', project.configs)),
  ]
}

function contentOf({ environment }: Project, kind: Granted['kind'], object: FileObject): string {
  if (object.content !== undefined) return object.content
  const variable = object.environment ?? ''
  const value = environment[variable]
  if (value === undefined)
    throw new TscomposeError(
      'COMPOSE_SECRET_UNAVAILABLE',
      `environment variable "${variable}" required by ${kind} "${object.key}" is not set`,
    )
  return value
}
