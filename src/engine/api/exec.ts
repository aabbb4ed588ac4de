import type { Duplex } from 'node:stream'

export interface ExecConfig {
  AttachStdin?: boolean
  AttachStdout?: boolean
  AttachStderr?: boolean
  ConsoleSize?: [number, number]
  DetachKeys?: string
  Tty?: boolean
  Env?: string[]
  Cmd: string[]
  Privileged?: boolean
  User?: string
  WorkingDir?: string
}

export interface ExecStartConfig {
  Detach?: boolean
  Tty?: boolean
  ConsoleSize?: [number, number]
}

export interface ExecInspect {
  ID: string
  Running: boolean
  ExitCode: number | null
  ProcessConfig: { tty: boolean; entrypoint: string; arguments: string[]; privileged?: boolean; user?: string }
  OpenStdin: boolean
  OpenStderr: boolean
  OpenStdout: boolean
  CanRemove: boolean
  ContainerID: string
  DetachKeys: string
  Pid: number
}

export interface ExecOperations {
  execCreate(containerId: string, config: ExecConfig): Promise<{ Id: string }>
  /** The process' streams as in {@link containerAttach}; undefined when detached. */
  execStart(execId: string, config: ExecStartConfig): Promise<Duplex | undefined>
  execResize(execId: string, height: number, width: number): Promise<void>
  execInspect(execId: string): Promise<ExecInspect>
}
