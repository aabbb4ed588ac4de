import type { Mount } from '../../engine/api.ts'
import type { Project, ServiceVolume } from '../project.ts'
import type { ContainerContext } from './container.ts'
import { grants, isMounted } from './grants.ts'

/** What a service mounts: its volumes, what it takes over from the container it replaces, and granted files. */
export function mounts({ project, service, inherits }: ContainerContext): Mount[] {
  const inherited = new Map(inherits.map(({ target, volume }) => [target, volume]))
  const own = service.volumes.map(volume => toMount(project, volume, inherited))
  const declared = new Set(service.volumes.map(({ target }) => target))
  const others = [...inherited].filter(([target]) => !declared.has(target))
  return [
    ...own,
    ...others.map(([Target, Source]): Mount => ({ Type: 'volume', Source, Target })),
    ...grants(project, service)
      .filter(isMounted)
      .map(
        ({ grant, object }): Mount => ({
          Type: 'bind',
          Source: object.file,
          Target: grant.target,
          ReadOnly: true,
        }),
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
