import type { Engine } from '../engine/api.ts'
import type { Cli } from './cli.ts'
import { Exit } from './command.ts'
import { connectStreams } from './terminal.ts'

/** Starts an exec that was created, and unless it is detached stays with it. @throws Exit with its exit code */
export async function followExec(
  cli: Cli,
  engine: Engine,
  id: string,
  { detach, tty, stdin }: { readonly detach: boolean; readonly tty: boolean; readonly stdin: boolean },
): Promise<void> {
  const stream = await engine.execStart(id, { Detach: detach, Tty: tty })
  if (!stream) return
  const resize = (height: number, width: number) => engine.execResize(id, height, width)
  await connectStreams(cli, { stream, tty, stdin, resize })
  const { ExitCode } = await engine.execInspect(id)
  if (ExitCode) throw new Exit(ExitCode)
}
