import type { RunningProcess } from '../../runtime/runtime.ts'
import type { ExecConfig, ExecInspect } from '../api.ts'
import type { Container } from '../container/container.ts'

type ExecState =
  | { readonly status: 'created' }
  /** Without a process as long as it is being launched. */
  | { readonly status: 'running'; readonly process?: RunningProcess }
  | { readonly status: 'exited'; readonly exitCode: number; readonly pid: number }

/** A process that joins a running container: first described, then run, once. */
export interface ExecSession {
  readonly id: string
  readonly container: Container
  readonly config: ExecConfig
  state: ExecState
}

export function inspectExec({ id, container, config, state }: ExecSession): ExecInspect {
  const [entrypoint = '', ...args] = config.Cmd
  return {
    ID: id,
    Running: state.status === 'running',
    ExitCode: state.status === 'exited' ? state.exitCode : null,
    ProcessConfig: {
      tty: config.Tty === true,
      entrypoint,
      arguments: args,
      privileged: config.Privileged === true,
      user: config.User ?? '',
    },
    OpenStdin: config.AttachStdin === true,
    OpenStderr: config.AttachStderr === true,
    OpenStdout: config.AttachStdout === true,
    CanRemove: false,
    ContainerID: container.id,
    DetachKeys: config.DetachKeys ?? '',
    Pid: state.status === 'running' ? (state.process?.pid ?? 0) : state.status === 'exited' ? state.pid : 0,
  }
}
