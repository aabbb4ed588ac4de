import { observeContainers } from '../../compose/observe.ts'
import { TscomposeError } from '../../errors.ts'
import { type Define, Exit, plainOption } from '../command.ts'
import { integer } from '../numbers.ts'
import { findNamed } from '../target.ts'
import { connectStreams } from '../terminal.ts'

interface AttachFlags {
  readonly detachKeys?: string
  readonly index: number
  readonly noStdin?: boolean
  readonly sigProxy: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .option('--detach-keys <keys>', 'Keys that end attaching, instead of ctrl-p,ctrl-q')
    .option('--index <n>', 'The replica of the service, from 1', integer('--index'), 0)
    .addOption(plainOption('--no-stdin', 'Leave its input alone'))
    .option('--sig-proxy', 'Forward signals', true)
    .action(async (service: string, { detachKeys, index, noStdin, sigProxy }: AttachFlags) => {
      const { engine, name } = await findNamed(cli)
      const container = (await observeContainers(engine, name)).find(
        candidate =>
          candidate.service === service &&
          !candidate.oneOff &&
          candidate.state === 'running' &&
          (index === 0 || candidate.number === index),
      )
      if (!container)
        throw new TscomposeError(
          'COMPOSE_NO_CONTAINER',
          index ? `service "${service}" is not running container #${index}` : `service "${service}" is not running`,
        )
      const { id } = container
      const { Config } = await engine.containerInspect(id)
      const tty = Config.Tty === true
      const stdin = !noStdin && Config.OpenStdin === true
      const { exited } = await engine.containerWait(id, 'not-running', new AbortController().signal)
      const keys = detachKeys === undefined ? {} : { detachKeys }
      const stream = await engine.containerAttach(id, { stream: true, stdin, stdout: true, stderr: true, ...keys })
      using _ = sigProxy
        ? cli.divertSignals(signal => void engine.containerKill(id, signal).catch(() => {}))
        : undefined
      const resize = (height: number, width: number) => engine.containerResize(id, height, width)
      await connectStreams(cli, { stream, tty, stdin, resize })
      // Attaching also ends by the detach keys, with the container going on.
      const { State } = await engine.containerInspect(id)
      if (State.Running) return
      const { StatusCode } = await exited
      if (StatusCode !== 0) throw new Exit(StatusCode)
    })
