import type { Engine } from '../../engine/api.ts'
import { decodeFrames } from '../../engine/stream-frames.ts'
import { TscomposeError } from '../../errors.ts'
import type { Hook } from '../project.ts'

/** Takes what a hook writes, as it comes. */
export type HookOutput = (container: string, stream: 'stdout' | 'stderr', chunk: Buffer) => void

/**
 * Runs post_start or pre_stop commands in a container, one after the other.
 * @throws TscomposeError COMPOSE_HOOK_FAILED for the first that fails
 */
export async function runHooks(
  engine: Engine,
  { id, name }: { readonly id: string; readonly name: string },
  hooks: readonly Hook[],
  output: HookOutput,
): Promise<void> {
  for (const hook of hooks) {
    const { Id } = await engine.execCreate(id, {
      Cmd: [...hook.command],
      Env: [...hook.environment],
      AttachStdout: true,
      AttachStderr: true,
      ...(hook.privileged && { Privileged: true }),
      ...(hook.user !== undefined && { User: hook.user }),
      ...(hook.workingDir !== undefined && { WorkingDir: hook.workingDir }),
    })
    const stream = await engine.execStart(Id, {})
    if (stream)
      for await (const { stream: from, payload } of decodeFrames(stream))
        output(name, from === 'stderr' ? 'stderr' : 'stdout', payload)
    const { ExitCode } = await engine.execInspect(Id)
    if (ExitCode !== 0)
      throw new TscomposeError(
        'COMPOSE_HOOK_FAILED',
        `${name} hook exited with status ${ExitCode}: ${hook.command.join(' ')}`,
      )
  }
}
