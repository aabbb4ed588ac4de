import type { ContainerStatus, Labels } from '../../engine/api.ts'
import type { Dependency } from '../project.ts'

/** What the engine has of a project, as far as plans depend on it. Made by observe.ts; tests write it by hand. */
export interface Observed {
  /** All containers that bear the project's label, one-off ones too. */
  readonly containers: readonly ObservedContainer[]
  /** Containers of pre_start hooks that failed: kept for somebody to look at. */
  readonly hookContainers: readonly ObservedContainer[]
  /** Networks that bear the project's label, and those of the names the project uses. */
  readonly networks: readonly ObservedNetwork[]
  readonly volumes: readonly ObservedVolume[]
  /** Of the images the project's services use, those that are there; by `imageKey`. */
  readonly images: Readonly<Record<string, ObservedImage>>
}

export interface ObservedContainer {
  readonly id: string
  readonly name: string
  readonly service: string
  /** 0 for one-off containers. */
  readonly number: number
  readonly oneOff: boolean
  readonly state: ContainerStatus
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy'
  readonly configHash: string
  /** Absent on containers that somebody else made. */
  readonly portlessHash?: string
  /** What it was made from, field by field; see field-hashes.ts. */
  readonly fieldHashes?: string
  /** The id of the image it was made from. */
  readonly image: string
  /** The name of the container it was to take the place of. */
  readonly replaces?: string
  /** Name of the network to its id. */
  readonly networks: Readonly<Record<string, string>>
  /** The id of the container in whose network it lives. */
  readonly networkOf?: string
  /** Its volumes, named and anonymous. */
  readonly volumes: readonly { readonly name: string; readonly target: string }[]
  readonly dependsOn: Readonly<Record<string, Dependency>>
  /** The directory of the project that it was made for. */
  readonly workingDir?: string
}

export interface ObservedNetwork {
  readonly id: string
  readonly name: string
  readonly labels: Labels
}

export interface ObservedVolume {
  readonly name: string
  readonly labels: Labels
}

export interface ObservedImage {
  readonly id: string
  /** Paths at which the image itself asks for volumes. */
  readonly volumes: readonly string[]
  /** When it got its name here, RFC 3339. */
  readonly taggedAt?: string
}

/** Has processes that a stop has to end. */
export const isAlive = ({ state }: ObservedContainer): boolean =>
  state === 'running' || state === 'paused' || state === 'restarting'

export const byNumber = (a: ObservedContainer, b: ObservedContainer): number => a.number - b.number
