import type { Duplex, Readable } from 'node:stream'
import type { Filters, Labels } from './common.ts'
import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  PortMap,
  Resources,
  RestartPolicy,
} from './container-config.ts'
import type { ContainerInspect, ContainerSummary } from './container-state.ts'

export interface ContainerListOptions {
  all?: boolean
  limit?: number
  size?: boolean
  filters?: Filters
}

export interface LogsOptions {
  follow?: boolean
  stdout?: boolean
  stderr?: boolean
  /** Unix seconds with a fraction, or RFC 3339 */
  since?: string
  until?: string
  timestamps?: boolean
  /** A number of lines, or `all`. */
  tail?: string
  details?: boolean
}

export interface AttachOptions {
  stream?: boolean
  logs?: boolean
  stdin?: boolean
  stdout?: boolean
  stderr?: boolean
  detachKeys?: string
}

export interface ContainerTop {
  Titles: string[]
  Processes: string[][]
}

export interface ContainerWaitResponse {
  StatusCode: number
  Error?: { Message: string }
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed'

/** Body of `POST /containers/{id}/update`: what is absent stays as it is. */
export interface ContainerUpdateRequest extends Resources {
  RestartPolicy?: RestartPolicy
  Publish?: PublishRequest
}

/** Not of Docker: other ports for a container, also while it runs, in the place of all it had. */
export interface PublishRequest {
  PortBindings: PortMap
  /** Beside those of the image. */
  ExposedPorts: Record<string, object>
  /** In the place of labels of the same names. */
  Labels: Labels
}

export interface ContainerUpdateResponse {
  Warnings: string[]
}

export interface ContainerPruneResponse {
  ContainersDeleted: string[]
  /** bytes */
  SpaceReclaimed: number
}

/** The life of a container. */
export interface ContainerOperations {
  containerList(options?: ContainerListOptions): Promise<ContainerSummary[]>
  containerCreate(
    name: string | undefined,
    request: ContainerCreateRequest,
    platform?: string,
  ): Promise<ContainerCreateResponse>
  containerInspect(id: string, options?: { size?: boolean }): Promise<ContainerInspect>
  /** @returns false if it was running already (304) */
  containerStart(id: string): Promise<boolean>
  /** @param timeout seconds of grace; absent: the container's own, -1: wait forever. @returns false if it had stopped */
  containerStop(id: string, options?: { signal?: string; timeout?: number }): Promise<boolean>
  containerRestart(id: string, options?: { signal?: string; timeout?: number }): Promise<void>
  containerKill(id: string, signal?: string): Promise<void>
  containerPause(id: string): Promise<void>
  containerUnpause(id: string): Promise<void>
  containerRename(id: string, name: string): Promise<void>
  containerUpdate(id: string, request: ContainerUpdateRequest): Promise<ContainerUpdateResponse>
  containerDelete(id: string, options?: { volumes?: boolean; force?: boolean }): Promise<void>
  containerPrune(options?: { filters?: Filters }): Promise<ContainerPruneResponse>
  /** Registered when the promise resolves; `exited` settles when the condition is met. */
  containerWait(
    id: string,
    condition: WaitCondition,
    signal: AbortSignal,
  ): Promise<{ exited: Promise<ContainerWaitResponse> }>
  /** Frames of the stream format (stream-frames.ts), or the raw stream of a terminal. */
  containerLogs(id: string, options: LogsOptions): Promise<Readable>
  containerAttach(id: string, options: AttachOptions): Promise<Duplex>
  containerResize(id: string, height: number, width: number): Promise<void>
  containerTop(id: string, psArgs?: string): Promise<ContainerTop>
}
