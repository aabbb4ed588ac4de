import type { Health } from '../../health/health.ts'
import type { ContainerState as ApiState, ContainerStatus, HealthState } from '../api.ts'
import { humanDuration } from '../human-duration.ts'
import { NEVER } from '../time.ts'

/** How a container's program ended. Times are ISO 8601 text, as everything that is kept on disk. */
export interface Ended {
  readonly startedAt: string
  readonly finishedAt: string
  readonly exitCode: number
  readonly oomKilled: boolean
  /** Bytes; where `oomKilled`. */
  readonly memoryPeak?: number
  /** Why it could not be started, if that is what happened last. */
  readonly error: string
}

/** Where a container is in its life. */
export type ContainerState =
  | { readonly status: 'created'; readonly exitCode: number; readonly error: string }
  | { readonly status: 'running'; readonly pid: number; readonly startedAt: string }
  | {
      readonly status: 'paused'
      readonly pid: number
      readonly startedAt: string
      /** Only for as long as the engine reads its files: another engine lets it go on. */
      readonly forCommit?: true
    }
  /** Ended, and waiting to be started again by its restart policy. */
  | ({ readonly status: 'restarting' } & Ended)
  | ({ readonly status: 'exited' } & Ended)

export const created: ContainerState = { status: 'created', exitCode: 0, error: '' }

/** Docker calls running whatever has not come to rest: what is paused or about to be restarted, too. */
export const isRunning = ({ status }: ContainerState): boolean =>
  status === 'running' || status === 'paused' || status === 'restarting'

/** Whether there is a process. */
export const isAlive = ({ status }: ContainerState): boolean => status === 'running' || status === 'paused'

export const exitCodeOf = (state: ContainerState): number => ('exitCode' in state ? state.exitCode : 0)
export const errorOf = (state: ContainerState): string => ('error' in state ? state.error : '')

/** The state after an attempt to start that failed. */
export function failedToStart(before: ContainerState, exitCode: number, error: string): ContainerState {
  if ('finishedAt' in before) return { ...before, status: 'exited', exitCode, error }
  return { status: 'created', exitCode, error }
}

/** The status that the API tells. */
export const apiStatus = (state: ContainerState, removing: boolean): ContainerStatus =>
  removing && !isRunning(state) ? 'removing' : state.status

function apiHealth({ status, failingStreak, log }: Health): HealthState {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => ({
      Start: start.toISOString(),
      End: end.toISOString(),
      ExitCode: exitCode,
      Output: output,
    })),
  }
}

/** `State` of inspect. */
export function apiState(state: ContainerState, removing: boolean, health: Health | undefined): ApiState {
  return {
    Status: apiStatus(state, removing),
    Running: isRunning(state),
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: 'oomKilled' in state && state.oomKilled,
    ...('memoryPeak' in state && { MemoryPeak: state.memoryPeak }),
    Dead: false,
    Pid: 'pid' in state ? state.pid : 0,
    ExitCode: exitCodeOf(state),
    Error: errorOf(state),
    StartedAt: 'startedAt' in state ? state.startedAt : NEVER,
    FinishedAt: 'finishedAt' in state ? state.finishedAt : NEVER,
    ...(health && { Health: apiHealth(health) }),
  }
}

const healthText = { starting: 'health: starting', healthy: 'healthy', unhealthy: 'unhealthy' } as const

/** The state in words, as `docker ps` shows it. */
export function statusText(state: ContainerState, removing: boolean, health: Health | undefined, now: number): string {
  const since = (moment: string) => humanDuration(now - Date.parse(moment))
  if (removing && !isRunning(state)) return 'Removal In Progress'
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'running':
      return `Up ${since(state.startedAt)}${health ? ` (${healthText[health.status]})` : ''}`
    case 'paused':
      return `Up ${since(state.startedAt)} (Paused)`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`
    case 'exited':
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`
  }
}
