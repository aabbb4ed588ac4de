import { readContainerFile } from '../../runtime/rootfs/root-files.ts'
import type { ProcessSpec } from '../../runtime/spec.ts'
import { resolveUser } from '../../runtime/user.ts'
import type { ExecConfig } from '../api.ts'
import type { Container } from '../container/container.ts'
import { linkedVariables } from '../container/links.ts'
import type { Run } from '../container/run.ts'
import type { Context } from '../context.ts'
import { notRunning } from '../failures.ts'
import { toProcess } from '../translate/container-spec.ts'
import { overrideEnv } from '../translate/environment.ts'

/** A process that joins a container, described to the runtime: what it does not say is as in the container. */
export function execProcess(
  context: Context,
  container: Container,
  { process, spec }: Run,
  asked: ExecConfig,
): ProcessSpec {
  const { machine, config: engine } = context
  const { record } = container
  const { config, hostConfig } = record
  const user = resolveUser(asked.User || config.User || '', asked.User ? [] : (hostConfig.GroupAdd ?? []), path =>
    readIn(process.pid, path, record.id),
  )
  const own = {
    config: {
      ...config,
      WorkingDir: asked.WorkingDir || config.WorkingDir || '',
      Env: overrideEnv(config.Env ?? [], asked.Env ?? []),
    },
    hostConfig: asked.Privileged ? { ...hostConfig, Privileged: true } : hostConfig,
  }
  const { ConsoleSize } = asked
  const described = toProcess(
    own,
    user,
    { machine, config: engine },
    {
      args: asked.Cmd,
      terminal: asked.Tty === true,
      stdin: asked.AttachStdin === true,
      hostname: spec.hostname,
      linked: linkedVariables(context, container),
      ...(ConsoleSize && { consoleSize: ConsoleSize }),
    },
  )
  const { oomScoreAdj } = spec.process
  return oomScoreAdj === undefined ? described : { ...described, oomScoreAdj }
}

/** @throws TscomposeError ENGINE_CONTAINER_NOT_RUNNING if the container has just ended */
function readIn(pid: number, path: string, id: string): string | undefined {
  try {
    return readContainerFile(pid, path)?.toString()
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw notRunning(id)
    throw error
  }
}
