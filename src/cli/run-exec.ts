import type { Engine } from '../engine/api.ts'
import type { Cli } from './cli.ts'
import { Exit } from './command.ts'
import { execCodes, exitCodeOfFailure } from './exit-codes.ts'
import { connectStreams, windowSize } from './terminal.ts'

/** A command to run in a container. */
export interface ExecRequest {
  readonly words: readonly string[]
  /** `NAME=value` */
  readonly env: string[]
  readonly detach: boolean
  readonly tty: boolean
  /** Whether standard input goes to it. */
  readonly stdin: boolean
  readonly detachKeys?: string | undefined
  readonly privileged?: boolean | undefined
  readonly user?: string | undefined
  readonly workdir?: string | undefined
}

/** Runs a command in a container, and unless it is detached stays with it. @throws Exit with its exit code, or docker's */
export async function runExec(cli: Cli, engine: Engine, container: string, request: ExecRequest): Promise<void> {
  const { words, env, detach, tty, stdin, detachKeys, privileged, user, workdir } = request
  const size = tty ? windowSize(cli) : undefined
  try {
    const { Id } = await engine.execCreate(container, {
      Cmd: [...words],
      Tty: tty,
      AttachStdin: stdin,
      AttachStdout: !detach,
      AttachStderr: !detach,
      Env: env,
      ...(detachKeys !== undefined && { DetachKeys: detachKeys }),
      ...(privileged && { Privileged: true }),
      ...(user !== undefined && { User: user }),
      ...(workdir !== undefined && { WorkingDir: workdir }),
      ...(size && { ConsoleSize: size }),
    })
    const stream = await engine.execStart(Id, { Detach: detach, Tty: tty })
    if (!stream) return
    const resize = (height: number, width: number) => engine.execResize(Id, height, width)
    await connectStreams(cli, { stream, tty, stdin, resize })
    const { ExitCode } = await engine.execInspect(Id)
    if (ExitCode) throw new Exit(ExitCode)
  } catch (error) {
    throw exitCodeOfFailure(cli, error, execCodes)
  }
}
