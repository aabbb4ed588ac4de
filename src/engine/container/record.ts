import type { ContainerConfig, EndpointSettings, HostConfig } from '../api.ts'
import type { MountRequest } from '../translate/mount-request.ts'
import type { ContainerState } from './state.ts'

/** A mount of a container, with every volume decided. */
export type ContainerMount =
  | Exclude<MountRequest, { type: 'volume' | 'image' }>
  | {
      readonly type: 'volume'
      readonly name: string
      readonly driver: string
      /** Whether the volume was made for this container only, and goes with it. */
      readonly anonymous: boolean
      readonly destination: string
      readonly readonly: boolean
      readonly subpath: string
      readonly mode: string
    }
  | (Extract<MountRequest, { type: 'image' }> & { /** Its id. */ readonly image: string })

/** Ids of the images that a container cannot do without. */
export const imagesOf = ({ image, mounts }: Pick<ContainerRecord, 'image' | 'mounts'>): readonly string[] => [
  ...new Set([image, ...mounts.flatMap(mount => (mount.type === 'image' ? mount.image : []))]),
]

/** What is kept of a container on disk, and all there is to know of one that does not run. */
export interface ContainerRecord {
  readonly version: 1
  readonly id: string
  /** Without the slash of the API. */
  readonly name: string
  readonly created: string
  /** Id of the image. */
  readonly image: string
  /** What was asked for, completed by the image. */
  readonly config: ContainerConfig
  /** What was asked for, completed by defaults. */
  readonly hostConfig: HostConfig
  /** By network name: what was asked for. */
  readonly endpoints: Readonly<Record<string, EndpointSettings>>
  readonly mounts: readonly ContainerMount[]
  readonly restartCount: number
  /** Whether somebody asked for the end of the last run. */
  readonly manuallyStopped: boolean
  readonly state: ContainerState
}

export function isContainerRecord(value: unknown): value is ContainerRecord {
  const record = value as Partial<ContainerRecord> | null
  return (
    typeof record === 'object' &&
    record?.version === 1 &&
    [record.id, record.name, record.created, record.image].every(text => typeof text === 'string') &&
    [record.config, record.hostConfig, record.endpoints, record.mounts, record.state].every(
      part => typeof part === 'object' && part !== null,
    )
  )
}
