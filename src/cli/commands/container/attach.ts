import type { ContainerState } from '../../../engine/api.ts'
import { TscomposeError } from '../../../errors.ts'
import { type Define, Exit, plainOption } from '../../command.ts'
import { attachedSession } from '../../create/attached.ts'
import { connect } from '../../engine.ts'

interface AttachFlags {
  readonly detachKeys?: string
  readonly noStdin?: boolean
  readonly sigProxy: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .option('--detach-keys <keys>', 'Keys that end attaching, instead of ctrl-p,ctrl-q')
    .addOption(plainOption('--no-stdin', 'Leave its input alone'))
    .option('--sig-proxy', 'Forward signals', true)
    .action(async (container: string, { detachKeys, noStdin, sigProxy }: AttachFlags) => {
      const engine = await connect()
      const { Id, Config, State } = await engine.containerInspect(container)
      refuse(State)
      const tty = Config.Tty === true
      const stdin = !noStdin && Config.OpenStdin === true
      const { exited } = await engine.containerWait(Id, 'not-running', new AbortController().signal)
      const keys = detachKeys === undefined ? {} : { detachKeys }
      const stream = await engine.containerAttach(Id, { stream: true, stdin, stdout: true, stderr: true, ...keys })
      using _ =
        sigProxy && !tty
          ? cli.divertSignals(signal => void engine.containerKill(Id, signal).catch(() => {}))
          : undefined
      if (await attachedSession(cli, engine, Id, { stream, tty, stdin, detachKeys })) return
      const { StatusCode } = await exited
      if (StatusCode !== 0) throw new Exit(StatusCode)
    })

/** @throws TscomposeError ENGINE_CONTAINER_NOT_RUNNING in docker's words */
function refuse({ Running, Paused, Restarting }: ContainerState): void {
  const [state, remedy] = !Running
    ? ['stopped', 'start it first']
    : Paused
      ? ['paused', 'unpause it first']
      : ['restarting', 'wait until it is running']
  if (Running && !Paused && !Restarting) return
  throw new TscomposeError('ENGINE_CONTAINER_NOT_RUNNING', `You cannot attach to a ${state} container, ${remedy}`)
}
