import type { ContainerSpec, MountSpec, RootSpec } from '../../runtime/spec.ts'
import type { User } from '../../runtime/user.ts'
import type { RunOptions } from '../request.ts'

/** What a RUN step runs, and on what. */
export interface RunProgram {
  readonly root: RootSpec
  readonly mounts: readonly MountSpec[]
  readonly args: readonly string[]
  /** `NAME=value` */
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: User
}

export interface SandboxOptions {
  /** Of the container, 64 hex digits. */
  readonly id: string
  readonly network: string
  /** All devices, all capabilities, no system call filter (`RUN --security=insecure`). */
  readonly insecure: boolean
  readonly run: RunOptions
  /** A directory for what the container leaves, which outlives it. */
  readonly stateDir: string
  /** One for what is needed only while it runs. */
  readonly runDir: string
}

/** What the engine lends to a step: a network, and everything else that makes a container of a program. */
export interface Sandbox extends AsyncDisposable {
  /** Whose a file on the host is to be that is to be this user's in there. */
  ownerOf(uid: number, gid: number): readonly [uid: number, gid: number]
  describe(program: RunProgram): ContainerSpec
}

/** Opens what a step runs in, as for a container of the engine; disposing it gives the network back. */
export type OpenSandbox = (options: SandboxOptions, signal: AbortSignal) => Promise<Sandbox>
